import { chaos } from '../test/convergence/chaos.ts'
import type { Bench } from './harness/bench.ts'

/** Arguments: `[seed] [clients] [seconds] [faulty]`. */
export const soak: Bench = {
  title: 'Soak',
  about: 'random clients against a server that is killed, every state that anybody shows compared with what the upstream answered.',
  async run([seed = String(Math.floor(Math.random() * 1_000_000)), clients = '200', seconds = '60', network], say) {
    const faultyNetwork = network === 'faulty'
    say(`seed ${seed}: ${clients} clients for ${seconds} s${faultyNetwork ? ' over a faulty network' : ''}`)
    const {
      wrong,
      network: did = {},
      ...report
    } = await chaos({ seed: Number(seed), clients: Number(clients), durationMs: Number(seconds) * 1000, lifeMs: 8000, faultyNetwork })
    for (const [what, count] of Object.entries({ ...report, ...did })) say(`${what.padEnd(18)} ${count}`)
    for (const sentence of wrong) say(sentence)
    if (wrong.length > 0) process.exitCode = 1
  },
}
