import { costOf } from './schedule/cost.ts'
import type { Spread } from './schedule/stopwatch.ts'
import { head, row, type Bench } from './harness/bench.ts'

const micros = (ms: number): string => (1000 * ms).toFixed(1)
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

function cells({ count, mean, median, p99, longest, longestUnpaused }: Spread): readonly (string | number)[] {
  return [count, micros(mean), micros(median), micros(p99), longest.toFixed(2), longestUnpaused.toFixed(2)]
}

/** Arguments: `[sources] [hours]`. */
export const scheduleCost: Bench = {
  title: 'What deciding costs',
  about:
    '2 000 sources as they are on a dashboard with `every: {average: 10s}`, decisions alone, in simulated time; CPU ' +
    'beside the same sources with `every: 10s`, whose decisions are next to nothing. Times are real ones, but ' +
    'no longer than the CPU time of the main thread meanwhile, so that other work of the machine does not show; pauses of ' +
    'the garbage collector do, but in the last column.',
  async run([count = '2000', hours = '2'], say) {
    const grid = await costOf('grid', Number(count), Number(hours))
    const learning = await costOf('adaptive', Number(count), Number(hours))
    say(head('', 'of them', 'mean, µs', 'median, µs', '99 of 100 within, µs', 'longest, ms', 'without pauses, ms'))
    say(row('decisions', ...cells(learning.decisions)))
    say(row('slices of searches for a period', ...cells(learning.slices)))
    say('')
    const beyond = learning.share - grid.share
    const perDecision = (beyond * Number(hours) * 3600e6) / learning.decisions.count
    say(
      `Beyond the polls: ${percent(beyond)} of a core (${percent(learning.share)} less the ${percent(grid.share)} of the same simulated sources on a grid), ` +
        `which is ${perDecision.toFixed(1)} µs of CPU a decision with its share of the searches. The largest state that is kept of a source: ${learning.stateBytes} bytes of JSON.`,
    )
  },
}
