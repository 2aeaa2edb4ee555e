import { WebSocket } from 'ws'
import { answer } from '../harness/worker.ts'

/** So many connections are opened at a time, so that no accept queue overflows. */
const atOnce = 100
const delta = '"delta"'

let deltas = 0
let newest: WebSocket | undefined
let last = ''

function open(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    newest = socket
    socket.once('open', () => resolve())
    socket.once('error', reject)
    socket.on('message', (data: Buffer) => {
      if (data.indexOf(delta) < 0) return
      deltas++
      if (last === '') last = data.toString('utf8')
    })
  })
}

answer({
  /** Opens `count` connections; each reads what it is sent. */
  open: async ({ url, count }: { readonly url: string; readonly count: number }) => {
    for (let opened = 0; opened < count; opened += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, count - opened) }, () => open(url)))
  },
  closeLast: () => newest?.close(),
  deltas: () => deltas,
  /** One delta as it came, to be held against the others. */
  example: () => last,
})
