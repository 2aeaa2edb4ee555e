import { chaos } from '../test/convergence/chaos.ts'

/** `npm run bench -- soak [seed] [clients] [seconds] [faulty]`: random clients against a server that is killed, every state compared. */
export async function soak([
  seed = String(Math.floor(Math.random() * 1_000_000)),
  clients = '200',
  seconds = '60',
  faulty,
]: readonly string[]): Promise<void> {
  console.log(`seed ${seed}: ${clients} clients for ${seconds} s`)
  const {
    wrong,
    network = {},
    ...report
  } = await chaos({
    seed: Number(seed),
    clients: Number(clients),
    durationMs: Number(seconds) * 1000,
    lifeMs: 8000,
    faultyNetwork: faulty === 'faulty',
  })
  for (const [what, count] of Object.entries({ ...report, ...network })) console.log(`${what.padEnd(18)} ${count}`)
  for (const sentence of wrong) console.log(sentence)
  if (wrong.length > 0) process.exitCode = 1
}
