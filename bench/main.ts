import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { Bench } from './harness/bench.ts'

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  'fan-out': async () => (await import('./fan-out.ts')).fanOut,
  'five-feeds': async () => (await import('./five-feeds.ts')).fiveFeeds,
  load: async () => (await import('./load.ts')).load,
  slow: async () => (await import('./slow.ts')).slow,
  storm: async () => (await import('./storm.ts')).storm,
  snapshot: async () => (await import('./snapshot.ts')).snapshot,
  hostile: async () => (await import('./hostile.ts')).hostile,
  aggregate: async () => (await import('./aggregate.ts')).aggregate,
  idle: async () => (await import('./idle.ts')).idle,
  schedule: async () => (await import('./schedule.ts')).schedule,
  'schedule-cost': async () => (await import('./schedule-cost.ts')).scheduleCost,
  poll: async () => (await import('./poll.ts')).poll,
  sources: async () => (await import('./sources.ts')).sources,
  page: async () => (await import('./page.ts')).page,
}

/** Those that look for faults, or run in real time, for as long as they are told to, and have no figures for the document. */
const others: Readonly<Record<string, () => Promise<Bench>>> = {
  soak: async () => (await import('./soak.ts')).soak,
  hours: async () => (await import('./hours.ts')).hours,
  churn: async () => (await import('./churn.ts')).churn,
  restart: async () => (await import('./restart.ts')).restart,
  nginx: async () => (await import('./nginx.ts')).nginx,
  'schedule-pictures': async () => (await import('./schedule-pictures.ts')).schedulePictures,
  'page-hour': async () => (await import('./page-hour.ts')).pageHour,
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  return `Node ${process.versions.node}, ${cpus().length} cores (${model}), ${Math.round(totalmem() / 1024 ** 3)} GiB`
}

async function runAll(): Promise<void> {
  const lines: string[] = [
    '# Benchmarks',
    '',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine()}. Trust the ratios: both sides of each ran in turns in`,
    'one run, on a machine that other work shared. How each is measured: [bench/README.md](../bench/README.md).',
  ]
  const say = (line: string): void => {
    console.log(line)
    lines.push(line)
  }
  for (const [name, load] of Object.entries(benches)) {
    const one = await load()
    for (const line of ['', `## ${one.title}`, '', `\`npm run bench -- ${name}\`: ${one.about}`, '']) say(line)
    await one.run([], say)
  }
  writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), `${lines.join('\n')}\n`)
}

/** `npm run bench`: all, into docs/benchmarks.md. `npm run bench -- <name> [arguments]`: one. */
const [name, ...args] = process.argv.slice(2)
const bench = name === undefined ? undefined : (benches[name] ?? others[name])
if (name === undefined) await runAll()
else if (bench === undefined) {
  console.error(`which one? npm run bench -- ${[...Object.keys(benches), ...Object.keys(others)].join(' | ')}`)
  process.exitCode = 2
} else await (await bench()).run(args, line => console.log(line))
