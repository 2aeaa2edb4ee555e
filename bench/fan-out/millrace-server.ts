import type * as Package from '../../src/index.ts'
import { answer, cpuTime } from '../harness/worker.ts'

// What is built, not its source through a loader: that is what people run.
const built = new URL('../../dist/index.js', import.meta.url).href
const { configOf, MillraceServer } = (await import(built)) as typeof Package

let server: Package.MillraceServer | undefined

answer({
  /** Serves the feed `quotes`, polled from `url`; returns where. */
  listen: async ({ url, everyMs }: { readonly url: string; readonly everyMs: number }) => {
    const loaded = configOf({
      server: { port: 0 },
      limits: { maxConnections: 20_000 },
      sources: {
        quotes: { url, every: `${everyMs}ms`, key: 'symbol' },
        // Followed at first, so that what a server does for years is measured and not its first seconds.
        often: { url, every: '10ms', linger: '100ms', key: 'symbol' },
      },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    server = new MillraceServer({ config: loaded.config })
    return server.listen()
  },
  cpu: () => cpuTime(),
})
