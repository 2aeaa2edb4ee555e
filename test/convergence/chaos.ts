import { seededRandom, type Random } from '../../src/lib/random.ts'
import type { SnapshotMessage } from '../../src/protocol/messages.ts'
import { RawReader } from '../support/raw-reader.ts'
import { FaultProxy, type ProxyTally } from './fault-proxy.ts'
import { feeds, type Address } from './naive-view.ts'
import { RandomUpstream } from './random-upstream.ts'
import { RawClient } from './raw-client.ts'
import { SdkClient } from './sdk-client.ts'
import { ServerProcess, type ServerConfig } from './server-process.ts'
import { stateText, Truth } from './truth.ts'
import { Witness, type ChaosClient, type Held, type Tally } from './witness.ts'

export interface ChaosOptions {
  readonly seed: number
  /** A third of them use the SDK. */
  readonly clients: number
  readonly durationMs: number
  /** How long a server lives before it is killed, on average. */
  readonly lifeMs: number
  /** A network with faults of its own lies between the clients and the server; default: none does. */
  readonly faultyNetwork?: boolean
  /** The server keeps state, and every other end of it is a clean stop; default: it keeps none and is always killed. */
  readonly withState?: boolean
}

export interface ChaosReport extends Tally {
  /** Different tables that the upstream answered, of all sources. */
  readonly tables: number
  readonly polls: number
  readonly faults: number
  /** What the network did, where it was a faulty one. */
  readonly network?: ProxyTally
  /** Subscriptions whose end was compared with the server's and the upstream's. */
  readonly finals: number
  /** What must not be, in words; empty in a good run. */
  readonly wrong: readonly string[]
}

/** How long everybody may take to see the end. */
const settleMs = 20_000

const pause = (ms: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, ms)
  })

/**
 * Clients of several kinds that subscribe, leave, cut, stall, resume and resync by chance, against a server in a process
 * of its own that is killed and started, over an upstream that changes and fails by chance. Every state that anybody
 * shows is compared with what the upstream answered (L3, L4); then all stands still, and everybody must have the end.
 */
export async function chaos({
  seed,
  clients: count,
  durationMs,
  lifeMs,
  faultyNetwork = false,
  withState = false,
}: ChaosOptions): Promise<ChaosReport> {
  const truth = new Truth()
  const witness = new Witness(truth)
  const upstream = await new RandomUpstream({ seed, answered: (source, rows) => truth.record(source, rows) }).listen()
  const server = await ServerProcess.start(configOf(upstream.url, withState))
  const proxy = faultyNetwork ? await FaultProxy.start(server.url, seededRandom(seed * 4001)) : undefined
  const socketUrl = `${(proxy ?? server).url.replace('http', 'ws')}/ws`
  const clients = Array.from({ length: count }, (_, i): ChaosClient => {
    const random = seededRandom(seed * 1009 + i)
    return i % 3 === 0 ? new SdkClient(`sdk ${i}`, socketUrl, random, witness) : new RawClient(`raw ${i}`, socketUrl, random, witness)
  })
  try {
    const endsAt = performance.now() + durationMs
    await Promise.all([
      ...clients.map((client, i) => live(client, seededRandom(seed * 2003 + i), endsAt)),
      restarts(server, witness, seededRandom(seed * 3001), { lifeMs, endsAt, withState }),
    ])
    upstream.isStill = true
    proxy?.settle()
    for (const client of clients) client.settle()
    await settled(clients, witness)
    const finals = await compareWithServer(clients, server, witness)
    for (const file of server.stateFiles) if (file.includes('.bad-')) witness.blame('server', `${file}: ${server.said}`)
    for (const client of clients) client.close()
    const { polls, faults } = upstream
    const network = proxy === undefined ? {} : { network: proxy.tally }
    return { ...witness.tally, tables: truth.tables, polls, faults, finals, ...network, wrong: witness.wrong }
  } finally {
    for (const client of clients) client.close()
    proxy?.close()
    await server.close()
    upstream.close()
  }
}

function configOf(upstream: string, withState: boolean): ServerConfig {
  // Short, so that views are dropped and built again.
  const common = { key: 'id', linger: '150ms', maxBackoff: '200ms', timeout: '2s' }
  return {
    log: { level: 'warn' },
    ...(withState ? { state: 'state' } : {}),
    // So that silence without an end is found in the run.
    server: { heartbeat: '3s', drain: '1s' },
    limits: { checkEvery: '3s', saveEvery: '200ms', messagesPerSecond: 1000, messageBurst: 1000 },
    sources: {
      city: { url: `${upstream}/city`, every: '90ms', ...common },
      market: { url: `${upstream}/market`, every: '70ms', ...common },
      calm: { url: `${upstream}/calm`, every: '110ms', ...common },
    },
    feeds,
  }
}

/** About three decisions a second. */
async function live(client: ChaosClient, random: Random, endsAt: number): Promise<void> {
  while (performance.now() < endsAt) {
    client.act()
    await pause(50 + random() * 600)
  }
}

interface Lives {
  readonly lifeMs: number
  readonly endsAt: number
  readonly withState: boolean
}

async function restarts(server: ServerProcess, witness: Witness, random: Random, { lifeMs, endsAt, withState }: Lives): Promise<void> {
  for (;;) {
    await pause(Math.min(lifeMs * (0.5 + random()), Math.max(0, endsAt - performance.now())))
    if (performance.now() >= endsAt) return
    if (withState && witness.tally.restarts % 2 === 0) {
      const code = await server.stop()
      if (code !== 0) witness.blame('server', `a clean stop ended with ${code}: ${server.said}`)
    } else {
      await server.kill()
      witness.tally.kills++
    }
    witness.tally.restarts++
    await pause(random() * 300)
    await server.start()
  }
}

function* heldBy(clients: readonly ChaosClient[]): Generator<Held & { readonly who: string }> {
  for (const client of clients) for (const held of client.held()) yield { ...held, who: client.who }
}

/** Waits until everybody shows what the upstream stands still at, and blames those who do not. */
async function settled(clients: readonly ChaosClient[], witness: Witness): Promise<void> {
  const givesUpAt = performance.now() + settleMs
  for (;;) {
    const waiting = [...heldBy(clients)].filter(
      ({ address, rows, isSteady }) => !isSteady || !witness.isFinal(address, stateText(rows.values())),
    )
    if (waiting.length === 0) return
    if (performance.now() > givesUpAt) {
      for (const { who, address, isSteady, epoch, version } of waiting)
        witness.blame(who, `${address.name} did not come to the end: ${isSteady ? 'another table' : 'not steady'} at ${epoch}:${version}`)
      return
    }
    await pause(50)
  }
}

/** Table, position and checksum of every subscription against what the server itself says of the address. */
async function compareWithServer(clients: readonly ChaosClient[], server: ServerProcess, witness: Witness): Promise<number> {
  const told = new Map<string, Told>()
  let finals = 0
  for (const { address, name, who, epoch, version, columns, rows } of heldBy(clients)) {
    let own = told.get(name)
    if (own === undefined) told.set(name, (own = await ask(server, address, name, witness)))
    const sum = witness.truth.sum(address, columns, rows, stateText(rows.values()))
    // A name with `fields` from before the first data lacks the key: it is a view of its own beside the one that is told.
    if (own.feed === name && (epoch !== own.epoch || version !== own.version))
      witness.blame(who, `${name} ends at ${epoch}:${version}, the server's at ${own.epoch}:${own.version}`)
    if (sum !== own.sum) witness.blame(who, `${name} ends with sum ${sum}, the server's is ${own.sum}`)
    finals++
  }
  return finals
}

/** Where the server stands with an address, by its own word. */
interface Told {
  readonly feed: string
  readonly epoch: string
  readonly version: number
  readonly sum: string
}

async function ask(server: ServerProcess, address: Address, name: string, witness: Witness): Promise<Told> {
  const { rows, epoch, to: version } = (await (await fetch(`${server.url}/feeds/${name}`)).json()) as SnapshotMessage
  if (!witness.isFinal(address, stateText(rows))) witness.blame('server', `${name} does not end as the upstream does`)
  const auditor = await new RawReader(`${server.url.replace('http', 'ws')}/ws`).open()
  auditor.send({ type: 'subscribe', id: 1, feed: name, since: { epoch, version } })
  const { feed, resumed } = await auditor.next('subscribed')
  if (!resumed) witness.blame('server', `${name} does not resume at its own position ${version}`)
  const { sum } = await auditor.next('check')
  auditor.socket.terminate()
  return { feed, epoch, version, sum }
}
