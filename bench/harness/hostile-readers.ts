import { setTimeout as pause } from 'node:timers/promises'
import { HostileClient } from './hostile-client.ts'
import { hostileKinds, type HostileKind } from './hostile-kinds.ts'
import { answer } from './worker.ts'

interface Attack {
  readonly url: string
  readonly kind: string
}

let running: { stop: boolean; visits: number; done: Promise<unknown> } | undefined

async function comeAgain(url: string, kind: HostileKind, state: { stop: boolean; visits: number }): Promise<void> {
  while (!state.stop) {
    const began = performance.now()
    const client = new HostileClient(url)
    await kind.visit(client, state.visits++)
    client.socket.destroy()
    await client.gone
    await pause(Math.max(0, kind.everyMs - (performance.now() - began)))
  }
}

answer({
  begin: ({ url, kind: name }: Attack) => {
    const kind = hostileKinds.find(one => one.name === name)
    if (kind === undefined) throw new Error(`no kind '${name}'`)
    const state = { stop: false, visits: 0 }
    const done = Promise.all(
      Array.from({ length: kind.clients }, async (_, i) => {
        await pause((kind.everyMs * i) / kind.clients)
        await comeAgain(url, kind, state)
      }),
    )
    running = Object.assign(state, { done })
  },
  /** Returns how many visits there were. */
  end: async () => {
    if (running === undefined) return 0
    running.stop = true
    await running.done
    return running.visits
  },
})
