import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { answer, cpuTime } from '../harness/worker.ts'

/** What one would write by hand: on every change one `send(string)` to each client. */
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
const sockets = new Set<{ send(text: string): void }>()
server.on('connection', socket => {
  sockets.add(socket)
  socket.on('error', () => socket.terminate())
  socket.on('close', () => sockets.delete(socket))
})

let timer: NodeJS.Timeout | undefined
let version = 0

function broadcast(sample: { readonly from: number; readonly to: number }): void {
  version++
  const text = JSON.stringify({ ...sample, from: version, to: version + 1 })
  for (const socket of sockets) socket.send(text)
}

answer({
  listening: () => new Promise(resolve => (server.address() === null ? server.once('listening', () => resolve(port())) : resolve(port()))),
  /** Sends messages shaped like `message`, every so many ms. */
  begin: ({ message, everyMs }: { readonly message: { readonly from: number; readonly to: number }; readonly everyMs: number }) => {
    timer = setInterval(() => broadcast(message), everyMs)
  },
  end: () => clearInterval(timer),
  cpu: () => cpuTime(),
})

function port(): number {
  return (server.address() as AddressInfo).port
}
