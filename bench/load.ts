import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { Worker } from './harness/worker.ts'

const readers = 1000
/** A load is sustained while 99 % of what readers get is no older, in ms, and nearly all of it comes. */
const oldestMs = 250
const leastPart = 0.95
const everyMs = 50
/** Bytes of text of a change, so that the whole of it is about 200. */
const changeText = 165
/** From one load that is tried to the next. */
const growth = 1.5

interface Counts {
  readonly deltas: number
}

interface Ages {
  readonly p99: number
}

interface Tried {
  /** Changes that reached a reader, all readers together, a second. */
  readonly delivered: number
  readonly p99: number
  readonly isSustained: boolean
}

/** One window: how much came, and how old it was. */
async function watch(own: Worker, windowMs: number, changesOfDelta: number, changed: () => Promise<number> | number): Promise<Tried> {
  await pause(1500)
  await own.ask('ages')
  const before = { ...(await own.ask<Counts>('counts')), changed: await changed() }
  const began = performance.now()
  await pause(windowMs)
  const after = { ...(await own.ask<Counts>('counts')), changed: await changed() }
  const seconds = (performance.now() - began) / 1000
  const { p99 } = await own.ask<Ages>('ages')
  const delivered = ((after.deltas - before.deltas) * changesOfDelta) / seconds
  // Conflation must not hide what did not arrive in time: of all that changed nearly everything comes.
  const offered = (readers * (after.changed - before.changed)) / seconds
  return { delivered, p99, isSustained: p99 <= oldestMs && delivered >= leastPart * offered }
}

/** So many rows that all change with every poll: none of them twice within a tick, so that conflation hides nothing. */
async function tryMillrace(changes: number, windowMs: number): Promise<Tried> {
  const upstream = await MovingUpstream.start({ rows: changes, changedAtOnce: changes, text: changeText })
  const [server, own] = [new Worker('millrace-server.ts'), new Worker('readers.ts')]
  try {
    const url = await server.ask<string>('listen', { sources: { quotes: { url: upstream.url, every: `${everyMs}ms`, key: 'symbol' } } })
    await own.ask('open', { url: `${url.replace('http', 'ws')}/ws?feed=quotes`, count: readers })
    upstream.isMoving = true
    const tried = await watch(own, windowMs, changes, () => upstream.answers * changes)
    // One of them reads everything: each delta has every row.
    const { set } = JSON.parse(await own.ask<string>('example')) as { readonly set: object }
    if (Object.keys(set).length !== changes) throw new Error(`a delta has ${Object.keys(set).length} rows, not ${changes}`)
    return tried
  } finally {
    server.end()
    own.end()
    upstream.close()
  }
}

async function tryLoop(changes: number, windowMs: number): Promise<Tried> {
  const [server, own] = [new Worker('bare-server.ts'), new Worker('readers.ts')]
  try {
    await own.ask('open', { url: `ws://127.0.0.1:${await server.ask<number>('listening')}`, count: readers })
    const message = { type: 'delta', feed: 'quotes', set: { SYM01: { price: 101.7, text: 'x'.repeat(changeText - 60) } } }
    await server.ask('begin', { messages: [message], everyMs: 1000 / changes })
    const began = performance.now()
    return await watch(own, windowMs, 1, () => ((performance.now() - began) / 1000) * changes)
  } finally {
    server.end()
    own.end()
  }
}

/** A load is given up after so many tries: other work on the machine alone must not end the search. */
const tries = 4

/** The greatest load that is sustained. */
async function greatest(first: number, attempt: (changes: number) => Promise<Tried>): Promise<Tried> {
  let best: Tried = { delivered: Number.NaN, p99: Number.NaN, isSustained: false }
  for (let changes = first; ; changes = Math.ceil(changes * growth)) {
    let tried = await attempt(changes)
    for (let i = 1; i < tries && !tried.isSustained; i++) tried = await attempt(changes)
    if (!tried.isSustained) return best
    best = tried
  }
}

/** Arguments: `[windowMs]`. */
export const load: Bench = {
  title: 'The highest load that 1 000 readers sustain',
  about: `changes of about 200 bytes that reached a reader, all readers together, a second, while 99 % were read within ${oldestMs} ms of being published. Every row changes with every poll (each ${everyMs} ms), so no row changes twice within a tick. The bare \`ws\` loop sends each change to each reader.`,
  async run([windowMs = '5000'], say) {
    const ms = Number(windowMs)
    const loop = await greatest(40, changes => tryLoop(changes, ms))
    const ours = await greatest(40, changes => tryMillrace(changes, ms))
    say(head('server', 'changes delivered a second', 'p99, ms', 'ratio'))
    say(row('loop', Math.round(loop.delivered), Math.round(loop.p99), 1))
    say(row('Millrace', Math.round(ours.delivered), Math.round(ours.p99), (ours.delivered / loop.delivered).toFixed(1)))
  },
}
