import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A client that keeps to nothing: bytes as they are on a socket of its own. */
export class HostileClient {
  readonly socket: Socket
  /** Resolves when the socket is gone. */
  readonly gone: Promise<void>

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.socket = connect(Number(port), hostname)
    // Whatever is answered; unread, it would stand in the way of the end.
    this.socket.resume()
    this.socket.on('error', () => undefined)
    this.gone = new Promise(resolve => void this.socket.once('close', () => resolve()))
  }

  write(bytes: string | Buffer): void {
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** Sends the head of a request; `headers` stand in for those of a WebSocket that are called the same. */
  request(path: string, headers: Readonly<Record<string, string>> = {}): void {
    const all = {
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
    this.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
  }

  /** A frame with its first byte as it is told, masked by zeros. */
  frame(firstByte: number, payload: string | Buffer): void {
    const bytes = Buffer.from(payload)
    const { length } = bytes
    const short = Buffer.from([firstByte, 0x80 | Math.min(length, 126), ...(length < 126 ? [] : [length >> 8, length & 0xff])])
    const long = Buffer.alloc(10)
    long.set([firstByte, 0xff])
    long.writeUInt32BE(length, 6)
    this.write(Buffer.concat([length > 0xffff ? long : short, Buffer.alloc(4), bytes]))
  }

  say(message: object | string): void {
    this.frame(0x81, typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Waits for the server to end it, so long at most. */
  async ended(mostMs: number): Promise<void> {
    await Promise.race([this.gone, pause(mostMs)])
  }
}
