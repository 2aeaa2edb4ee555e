import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** A refusal by HTTP: a status and one sentence, which names the key of a limit where one was met. */
export interface HttpRefusal {
  readonly status: number
  readonly text: string
  /** The limit that was met, by its key. */
  readonly limit?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Nothing of a refusal is to be run, framed, guessed at or kept. */
const safeguards: Readonly<Record<string, string>> = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/** The headers of a refusal. */
export function refusalHeaders({ text, headers }: HttpRefusal): Record<string, string> {
  return { ...safeguards, ...headers, 'Content-Length': String(Buffer.byteLength(text)) }
}

/** Refuses on a bare socket, which ends with it. */
export function refuseOn(socket: Duplex, refusal: HttpRefusal): void {
  const { status, text } = refusal
  const lines = Object.entries({ ...refusalHeaders(refusal), Connection: 'close' })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  // A peer that never closes its half must not keep the descriptor.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${head}\r\n${text}`)
}
