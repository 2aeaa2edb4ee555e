import { setTimeout as pause } from 'node:timers/promises'
import { HostileClient } from './hostile-client.ts'
import { hostileKinds, type HostileKind } from './hostile-kinds.ts'
import { answer } from './worker.ts'

interface Attack {
  readonly url: string
  readonly kind: string
}

interface Running {
  stop: boolean
  visits: number
  /** Those that are there now. */
  readonly clients: Set<HostileClient>
}

let running: (Running & { readonly done: Promise<unknown> }) | undefined

async function comeAgain(url: string, kind: HostileKind, state: Running): Promise<void> {
  while (!state.stop) {
    const began = performance.now()
    const client = new HostileClient(url)
    state.clients.add(client)
    await kind.visit(client, state.visits++)
    client.socket.destroy()
    await client.gone
    state.clients.delete(client)
    if (!state.stop) await pause(Math.max(0, kind.everyMs - (performance.now() - began)))
  }
}

answer({
  begin: ({ url, kind: name }: Attack) => {
    const kind = hostileKinds.find(one => one.name === name)
    if (kind === undefined) throw new Error(`no kind '${name}'`)
    const state: Running = { stop: false, visits: 0, clients: new Set() }
    const done = Promise.all(
      Array.from({ length: kind.clients }, async (_, i) => {
        await pause((kind.everyMs * i) / kind.clients)
        await comeAgain(url, kind, state)
      }),
    )
    running = Object.assign(state, { done })
  },
  /** All of them go at once. Returns how many visits there were. */
  end: async () => {
    if (running === undefined) return 0
    running.stop = true
    for (const { socket } of running.clients) socket.destroy()
    await running.done
    return running.visits
  },
})
