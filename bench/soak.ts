import { chaos } from '../test/convergence/chaos.ts'
import type { Bench } from './harness/bench.ts'

/**
 * Arguments: `[seed] [clients] [seconds] [faulty] [state] [kills=2]`: over a faulty network; with a server that keeps state, and
 * dies more often; so many kills instead of one every 8 s.
 */
export const soak: Bench = {
  title: 'Soak',
  about: 'random clients against a server that is killed, every state that anybody shows compared with what the upstream answered.',
  async run([seed = String(Math.floor(Math.random() * 1_000_000)), clients = '200', seconds = '60', ...words], say) {
    const [faultyNetwork, withState] = [words.includes('faulty'), words.includes('state')]
    const how = `${faultyNetwork ? ' over a faulty network' : ''}${withState ? ', the server keeps state' : ''}`
    const kills = words.find(word => word.startsWith('kills='))?.slice('kills='.length)
    const durationMs = Number(seconds) * 1000
    say(`seed ${seed}: ${clients} clients for ${seconds} s${how}`)
    const {
      wrong,
      network: did = {},
      ...report
    } = await chaos({
      seed: Number(seed),
      clients: Number(clients),
      durationMs,
      lifeMs: kills === undefined ? (withState ? 2000 : 8000) : durationMs / (Number(kills) + 1),
      faultyNetwork,
      withState,
    })
    for (const [what, count] of Object.entries({ ...report, ...did })) say(`${what.padEnd(18)} ${count}`)
    for (const sentence of wrong) say(sentence)
    if (wrong.length > 0) process.exitCode = 1
  },
}
