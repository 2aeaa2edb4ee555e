import type { Delta } from '../model/delta.ts'
import { printOrderTerm, type OrderTerm } from '../model/order.ts'
import type { Store } from '../model/store.ts'
import type { RequestId, ServerMessage } from './messages.ts'

/** Where and when what a frame tells was published. */
export interface Stamp {
  readonly feed: string
  readonly tick: number
  /** ms since 1970 UTC. */
  readonly at: number
}

/** A message that is not made once for many. Ready bytes: `ws` sends them at 0.8 of the cost of a string. */
export function encodeMessage(message: ServerMessage): Buffer {
  return Buffer.from(JSON.stringify(message))
}

const snapshotHead = '{"type":"snapshot",'

/**
 * A snapshot in parts of about `partLength` UTF-16 units, the last one returned. The first call of `next` fixes what it
 * tells, though the store goes on meanwhile.
 */
export function* snapshotParts(
  store: Store,
  epoch: string,
  stamp: Stamp,
  order: readonly OrderTerm[] = store.order,
  partLength: number = Number.POSITIVE_INFINITY,
): Generator<Buffer, Buffer> {
  const head = JSON.stringify({
    feed: stamp.feed,
    kind: store.kind,
    key: store.key,
    columns: store.columns,
    order: order.map(printOrderTerm),
    epoch,
    to: store.version,
    tick: stamp.tick,
    at: stamp.at,
  })
  const rows = Array.from(store.rows(), ([, row]) => row)
  let text = `${snapshotHead}${head.slice(1, -1)},"rows":[`
  for (const [i, row] of rows.entries()) {
    if (text.length >= partLength) {
      yield Buffer.from(text)
      text = ''
    }
    text += i === 0 ? JSON.stringify(row) : `,${JSON.stringify(row)}`
  }
  return Buffer.from(`${text}]}`)
}

/** A snapshot at once. */
export function encodeSnapshot(store: Store, epoch: string, stamp: Stamp, order?: readonly OrderTerm[]): Buffer {
  return snapshotParts(store, epoch, stamp, order).next().value
}

/** A snapshot's members as the answer to a `get`. */
export function encodeResult(id: RequestId, snapshot: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"result","id":${JSON.stringify(id)},`), snapshot.subarray(snapshotHead.length)])
}

/** One delta; `columns` are told where they grew after `from`. */
export function encodeDelta(delta: Delta, from: number, store: Store, stamp: Stamp): Buffer {
  const { feed, tick, at } = stamp
  const head = JSON.stringify({ type: 'delta', feed, from, to: store.version, tick, at })
  const parts: string[] = []
  if (delta.set.size > 0) {
    // Joined by hand: a row's key may be `__proto__`, or look like a number and would lose its place.
    const rows = Array.from(delta.set, ([key, cells]) => `${JSON.stringify(key)}:${JSON.stringify(cells)}`)
    parts.push(`,"set":{${rows.join(',')}}`)
  }
  if (delta.del.size > 0) parts.push(`,"del":${JSON.stringify([...delta.del])}`)
  if (from < store.grownAt) parts.push(`,"columns":${JSON.stringify(delta.columns)}`)
  return Buffer.from(`${head.slice(0, -1)}${parts.join('')}}`)
}
