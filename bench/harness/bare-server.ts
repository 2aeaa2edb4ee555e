import type { AddressInfo } from 'node:net'
import { Client } from 'undici'
import { WebSocketServer } from 'ws'
import { answer, cpuTime, memory } from './worker.ts'

/** What one would write by hand: on every change one `send(string)` to each client. */
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
const sockets = new Set<{ send(text: string): void }>()
server.on('connection', socket => {
  sockets.add(socket)
  socket.on('error', () => socket.terminate())
  socket.on('close', () => sockets.delete(socket))
})

interface Sending {
  /** All of them are sent each time. */
  readonly messages: readonly object[]
  /** Times that fall behind are made up for. */
  readonly everyMs: number
  /** Asked before each sending, its answer parsed; undefined: nothing is asked. */
  readonly url?: string
}

/** Between two looks at what is due, at most. */
const finestMs = 5

let timer: NodeJS.Timeout | undefined
let version = 0

function broadcast(messages: readonly object[]): void {
  version++
  for (const message of messages) {
    const text = JSON.stringify({ ...message, from: version, to: version + 1, at: Date.now() })
    for (const socket of sockets) socket.send(text)
  }
}

function begin({ messages, everyMs, url }: Sending): void {
  if (url === undefined) {
    let dueAt = performance.now() + everyMs
    timer = setInterval(
      () => {
        // Not for ever: one that cannot keep up must still hear that it is to end.
        const until = performance.now() + finestMs
        for (; dueAt <= performance.now() && performance.now() < until; dueAt += everyMs) broadcast(messages)
      },
      Math.min(everyMs, finestMs),
    )
    return
  }
  const client = new Client(new URL(url).origin)
  const poll = async (): Promise<void> => {
    const { body } = await client.request({ path: '/', method: 'GET' })
    const rows = JSON.parse(await body.text()) as readonly object[]
    if (rows.length > 0) broadcast(messages)
  }
  timer = setInterval(() => void poll().catch((error: unknown) => console.error(error)), everyMs)
}

function port(): number {
  return (server.address() as AddressInfo).port
}

answer({
  listening: () => new Promise(resolve => (server.address() === null ? server.once('listening', () => resolve(port())) : resolve(port()))),
  begin,
  end: () => clearInterval(timer),
  cpu: () => cpuTime(),
  memory: () => memory(),
})
