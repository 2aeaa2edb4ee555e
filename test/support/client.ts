import { connect } from '../../src/client/client.ts'
import type { Feed, Millrace } from '../../src/client/face.ts'
import { tableSum } from '../../src/model/checksum.ts'
import { cellOf, type Row } from '../../src/model/row.ts'
import type { DeltaMessage, SnapshotMessage } from '../../src/protocol/messages.ts'
import { FakeNetwork, type FakeSocket } from './fake-socket.ts'
import { ManualClock } from './manual-clock.ts'

export const epoch = '0mi4k2x8b7f3'

/** A client whose server, clock and chance are the test's. */
export interface Bench {
  readonly millrace: Millrace
  readonly network: FakeNetwork
  readonly clock: ManualClock
  /** The socket opened last. */
  readonly socket: FakeSocket
}

/** `random` is 0.5: a reconnect comes after half of its longest back-off. */
export function bench(random: () => number = () => 0.5): Bench {
  const network = new FakeNetwork()
  const clock = new ManualClock()
  const millrace = connect('ws://localhost:8080', { clock, random, WebSocket: network.WebSocket })
  return {
    millrace,
    network,
    clock,
    get socket() {
      return network.socket
    },
  }
}

export function openBench(): Bench {
  const opened = bench()
  opened.socket.welcome()
  return opened
}

export function snapshot(feed: string, to: number, rows: readonly Row[], members: Partial<SnapshotMessage> = {}): SnapshotMessage {
  const columns = ['id', 'price']
  return { type: 'snapshot', feed, kind: 'table', key: 'id', columns, order: [], epoch, to, tick: to, at: 1000 + to, rows, ...members }
}

export function delta(feed: string, from: number, to: number, members: Partial<DeltaMessage> = {}): DeltaMessage {
  return { type: 'delta', feed, from, to, tick: to, at: 1000 + to, ...members }
}

export function sumOf(rows: readonly Row[], columns: readonly string[] = ['id', 'price']): string {
  return tableSum('id', columns, new Map(rows.map(row => [cellOf(row, 'id') as string, row])))
}

/** Answers the last `subscribe` that was heard, with a snapshot at `to`. @returns what was heard */
export function serve(socket: FakeSocket, feed: string, to: number, rows: readonly Row[]): Record<string, unknown>[] {
  const heard = socket.heard()
  const id = heard.findLast(message => message.type === 'subscribe')?.['id'] as number
  socket.say({ type: 'subscribed', id, feed, epoch, version: to, resumed: false, throttle: 0 })
  socket.say(snapshot(feed, to, rows))
  return heard
}

/** Every array of rows a feed shows, in order. */
export function shownBy(feed: Feed): (readonly Row[])[] {
  const shown: (readonly Row[])[] = []
  feed.subscribe(rows => shown.push(rows))
  return shown
}
