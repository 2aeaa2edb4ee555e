import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** Of a message that is not read whole so much is kept: enough for its type, its versions and its time. */
const headBytes = 256
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

export interface LeanReaderOptions {
  readonly url: string
  /** Whether messages are handed over whole; else only their first 256 bytes. */
  readonly whole?: boolean
  readonly message: (text: string, bytes: number) => void
  readonly closed?: () => void
}

/**
 * A WebSocket reader that costs next to nothing (RFC 6455 without anything that servers of these benches do not send), so
 * that thousands of them fit beside the server that is measured. Answers pings, as every client does.
 */
export class LeanReader {
  readonly #socket: Socket
  readonly #options: LeanReaderOptions
  #isOpen = false
  /** Bytes of a header that is not whole yet. */
  #rest: Buffer = Buffer.alloc(0)
  #opcode = 0
  /** Of the payload under way. */
  #length = 0
  #left = 0
  #kept: Buffer[] = []
  #keptBytes = 0

  private constructor(options: LeanReaderOptions) {
    const { hostname, port } = new URL(options.url)
    this.#options = options
    this.#socket = connect(Number(port), hostname)
    this.#socket.setNoDelay(true)
  }

  /** @throws Error with the status line where the upgrade is refused */
  static async open(options: LeanReaderOptions): Promise<LeanReader> {
    const reader = new LeanReader(options)
    await reader.#upgrade()
    return reader
  }

  send(message: object): void {
    this.#write(opcodes.text, Buffer.from(JSON.stringify(message)))
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  terminate(): void {
    this.#socket.destroy()
  }

  #upgrade(): Promise<void> {
    const { host, pathname, search } = new URL(this.#options.url)
    const key = randomBytes(16).toString('base64')
    const headers = [`Host: ${host}`, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`]
    this.#socket.write([`GET ${pathname}${search} HTTP/1.1`, ...headers, '', ''].join('\r\n'))
    return new Promise((resolve, reject) => {
      this.#socket.on('error', reject)
      this.#socket.once('close', () => {
        reject(new Error('closed'))
        if (this.#isOpen) this.#options.closed?.()
      })
      this.#socket.on('data', chunk => {
        if (this.#isOpen) return this.#take(chunk)
        this.#rest = Buffer.concat([this.#rest, chunk])
        const end = this.#rest.indexOf('\r\n\r\n')
        if (end < 0) return
        const status = this.#rest.toString('latin1', 0, this.#rest.indexOf('\r\n'))
        const after = this.#rest.subarray(end + 4)
        this.#rest = Buffer.alloc(0)
        if (!status.includes(' 101 ')) {
          reject(new Error(status))
          return this.terminate()
        }
        this.#isOpen = true
        resolve()
        this.#take(after)
      })
    })
  }

  #take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left === 0) {
        const used = this.#header(chunk, at)
        if (used === 0) return
        at = used
      }
      const end = Math.min(chunk.length, at + this.#left)
      this.#keep(chunk.subarray(at, end))
      this.#left -= end - at
      at = end
      if (this.#left === 0) this.#finish()
    }
  }

  /** Where the payload begins; 0: the header is not whole, and is kept. */
  #header(chunk: Buffer, from: number): number {
    const before = this.#rest.length
    const bytes = before === 0 ? chunk.subarray(from, from + 10) : Buffer.concat([this.#rest, chunk.subarray(from, from + 10)])
    const short = (bytes[1] ?? 0) & 0x7f
    const size = short === 126 ? 4 : short === 127 ? 10 : 2
    if (bytes.length < size) {
      this.#rest = Buffer.from(bytes)
      return 0
    }
    this.#rest = Buffer.alloc(0)
    this.#opcode = (bytes[0] ?? 0) & 0x0f
    this.#length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    this.#left = this.#length
    return from + size - before
  }

  #keep(bytes: Buffer): void {
    const isWhole = this.#options.whole === true || this.#opcode !== opcodes.text
    if (!isWhole && this.#keptBytes >= headBytes) return
    const kept = isWhole ? bytes : bytes.subarray(0, headBytes - this.#keptBytes)
    this.#kept.push(kept)
    this.#keptBytes += kept.length
  }

  #finish(): void {
    const [only = Buffer.alloc(0)] = this.#kept
    const payload = this.#kept.length > 1 ? Buffer.concat(this.#kept) : only
    this.#kept = []
    this.#keptBytes = 0
    if (this.#opcode === opcodes.ping) this.#write(opcodes.pong, payload)
    else if (this.#opcode === opcodes.close) this.#socket.end()
    else if (this.#opcode === opcodes.text) this.#options.message(payload.toString('utf8'), this.#length)
  }

  /** Masked, as a client must, by zeros. */
  #write(opcode: number, payload: Buffer): void {
    const { length } = payload
    const size = length < 126 ? Buffer.from([0x80 | length]) : Buffer.from([0x80 | 126, length >> 8, length & 0xff])
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode]), size, Buffer.alloc(4), payload]))
  }
}
