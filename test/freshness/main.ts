import { parseArgs } from 'node:util'
import { runTrials } from './run.ts'

/** `npm run trials -- [--trials 10000] [--seed 1]`: exit 1 where anything is called fresh that is not. */
const { values } = parseArgs({ options: { trials: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } } })

function whole(name: 'trials' | 'seed'): number {
  const number = Number(values[name])
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`--${name} is a whole number from 1, not '${values[name]}'`)
  return number
}

const began = performance.now()
const seconds = (): number => Math.round((performance.now() - began) / 1000)
const { totals, failures } = await runTrials(whole('trials'), whole('seed'), 5, done => {
  if (done % 500 === 0) console.error(`${done} trials, ${seconds()} s`)
})
console.log(JSON.stringify({ ...totals, seconds: seconds() }))
for (const { seed, wrong } of failures) {
  console.error(`seed ${seed} goes wrong: npm run trials -- --trials 1 --seed ${seed}`)
  for (const what of wrong.slice(0, 5)) console.error(`  ${what}`)
  process.exitCode = 1
}
