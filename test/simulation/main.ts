import { parseArgs } from 'node:util'
import { replay, simulate, type Failure } from './run.ts'

/** `npm run simulate -- [--steps 1e6] [--minutes 60] [--seed 1] [--gaps]`; with `--clients` one world again, as a failure names it. */
const { values } = parseArgs({
  options: {
    steps: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    clients: { type: 'string' },
    gaps: { type: 'boolean', default: false },
  },
})
const { gaps } = values

function whole(name: 'steps' | 'minutes' | 'seed' | 'clients', otherwise: number): number {
  const number = values[name] === undefined ? otherwise : Number(values[name])
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`--${name} is a whole number from 1, not '${values[name] ?? ''}'`)
  return number
}

function tell({ seed, clients, steps, wrong }: Failure): void {
  console.error(`seed ${seed} goes wrong: npm run simulate -- --seed ${seed} --clients ${clients} --steps ${steps}${gaps ? ' --gaps' : ''}`)
  for (const what of wrong) console.error(`  ${what}`)
  process.exitCode = 1
}

const [steps, seed] = [whole('steps', 1e6), whole('seed', 1)]
if (values.clients === undefined) {
  const began = performance.now()
  const minutes = values.minutes === undefined ? Infinity : whole('minutes', 1)
  const { failure, ...totals } = await simulate(steps, {
    seed,
    gaps,
    isEnough: () => performance.now() - began > minutes * 60_000,
    told: ({ worlds, steps: taken }) => {
      if (worlds % 500 === 0) console.error(`${taken} steps, ${Math.round((performance.now() - began) / 1000)} s`)
    },
  })
  console.log(JSON.stringify({ ...totals, seconds: Math.round((performance.now() - began) / 1000) }))
  if (failure !== undefined) tell(failure)
} else {
  const failure = replay({ seed, clients: whole('clients', 1), gaps, steps })
  if (failure.wrong.length === 0) console.log(`seed ${seed} goes well for ${failure.steps} steps`)
  else tell(failure)
}
