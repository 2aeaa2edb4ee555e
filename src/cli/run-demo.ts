import { parseConfig } from '../config/load.ts'
import { systemClock } from '../lib/clock.ts'
import { seededRandom } from '../lib/random.ts'
import { demoConfig } from './demo/config.ts'
import { startUpstream } from './demo/upstream.ts'
import { reportProblems } from './problems.ts'
import { serve } from './serve.ts'

/** Chosen once: each start shows the same city and market. */
const demoSeed = 20_260_101

/** `millrace demo`: serves an upstream of its own on a loopback port, and polls it like any other. */
export async function runDemo(options: { readonly port?: number }): Promise<void> {
  const upstream = await startUpstream({ clock: systemClock(), random: seededRandom(demoSeed) })
  const loaded = parseConfig(demoConfig(upstream.url), 'demo.yaml', { env: process.env })
  if (!loaded.ok) {
    reportProblems(loaded.problems)
    await upstream.close()
    process.exitCode = 1
    return
  }
  const { config } = loaded
  const server = options.port === undefined ? config.server : { ...config.server, port: options.port }
  await serve({
    config: { ...config, server },
    from: 'a demo with an upstream of its own',
    example: 'quotes',
    started: url => {
      upstream.showUnplug(url)
      return ['', `  The storm  ${url}/#/board/storm`, `  Unplug it  ${upstream.url}/unplug`]
    },
    stopped: () => upstream.close(),
  })
}
