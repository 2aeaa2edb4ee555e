import { connect, type Socket } from 'node:net'

/** What a server wrote on a socket of its own until it ended it. */
export interface RawAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** All of it. */
  readonly text: string
}

/** A socket without any library, and what came in on it. */
export function rawSocket(url: string): { readonly socket: Socket; readonly ended: Promise<string> } {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', data => (text += data.toString('latin1')))
  return { socket, ended: new Promise(resolve => void socket.once('close', () => resolve(text))) }
}

/** Writes bytes as they are, and reads until the server ends the socket. */
export async function rawRequest(url: string, request: string): Promise<RawAnswer> {
  const { socket, ended } = rawSocket(url)
  socket.write(request, 'latin1')
  const text = await ended
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s, 2)
  const [status = '', ...lines] = head.split('\r\n')
  const headers = new Map(lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
  return { status: Number(status.split(' ')[1]), headers, body, text }
}

/** The text of a request. */
export function requestText(path: string, headers: readonly string[], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, ...headers, '', ''].join('\r\n')
}

/** The headers by which a WebSocket begins. */
export const upgradeHeaders: readonly string[] = [
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
