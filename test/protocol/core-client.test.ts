import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { configOf } from '../../src/config/load.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { blocks, section } from '../support/protocol-document.ts'
import { seededRandom } from '../../src/lib/random.ts'

interface Core {
  onmessage?: (event: { data: string }) => void
  send(text: string): void
}
type Feeds = Readonly<Record<string, { readonly rows: ReadonlyMap<string, Row>; readonly v: number; readonly wait: boolean }>>

/** The client of PROTOCOL.md as it is printed there. */
const [printed = ''] = blocks(section('## The core of a client'), 'js')
// oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the printed text is what is tested
const core = new Function('ws', `${printed}\nreturn feeds`) as (ws: Core) => Feeds

const random = seededRandom(7)
let count = 0
const keys = ['a', 'b', 'c', '10', '2', '__proto__', 'constructor']

/** Never the same twice. */
function anyRows(): Row[] {
  const rows = keys
    .filter(() => random() < 0.6)
    .map(id => ({ id, bikes: Math.floor(random() * 4), ...(random() < 0.5 ? { note: 'x' } : {}) }))
  return [{ id: 'count', bikes: ++count }, ...rows]
}

let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeEach(async () => {
  upstream = await startChangingUpstream(JSON.stringify(anyRows()))
  const loaded = configOf({ server: { port: 0 }, sources: { stations: { url: upstream.url, every: '20ms', key: 'id' } } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = `${(await server.listen()).replace('http', 'ws')}/ws?feed=stations`
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

/** The rows that the server has now, and those of a reader, as text: null and absent are one. */
function print(rows: Iterable<Row>): string {
  const cells = (row: Row): string => JSON.stringify([row['id'], row['bikes'], row['note'] ?? null])
  return Array.from(rows, cells).toSorted().join('\n')
}

function served(): string {
  return print(Array.from(server.graph.feed('stations')?.store.rows() ?? [], ([, row]) => row))
}

/** Connects the printed client; `loses` says which frames never arrive. */
function follow(loses: (frame: string) => boolean): {
  readonly feeds: Feeds
  readonly sent: string[]
  readonly heard: () => Promise<void>
  close(): void
} {
  const socket = new WebSocket(url)
  const sent: string[] = []
  const ws: Core = {
    send: text => {
      sent.push(text)
      socket.send(text)
    },
  }
  const feeds = core(ws)
  let wake: () => void = () => undefined
  socket.on('message', (data: Buffer) => {
    const text = data.toString('utf8')
    if (!loses(text)) ws.onmessage?.({ data: text })
    wake()
  })
  const heard = (): Promise<void> => new Promise(resolve => (wake = resolve))
  return { feeds, sent, heard, close: () => socket.terminate() }
}

async function converge(reader: ReturnType<typeof follow>): Promise<void> {
  while (
    reader.feeds['stations'] === undefined ||
    reader.feeds['stations'].wait ||
    print(reader.feeds['stations'].rows.values()) !== served()
  )
    await reader.heard()
}

describe('the client of PROTOCOL.md, as it is printed', () => {
  test('converges against a real server, change by change', async () => {
    const reader = follow(() => false)
    for (let i = 0; i < 10; i++) {
      await converge(reader)
      upstream.body = JSON.stringify(anyRows())
      await reader.heard()
    }
    await converge(reader)
    expect(print(reader.feeds['stations']?.rows.values() ?? [])).toBe(served())
    expect(reader.sent).toEqual([])
    reader.close()
  })

  test('converges when deltas are lost, by asking again', async () => {
    let deltas = 0
    const reader = follow(text => text.includes('"type":"delta"') && ++deltas === 1)
    await converge(reader)
    // The loss shows with the next delta.
    while (reader.sent.length === 0) {
      upstream.body = JSON.stringify(anyRows())
      await reader.heard()
    }
    expect(JSON.parse(reader.sent[0] ?? '')).toEqual({ type: 'resync', feed: 'stations', reason: 'gap' })
    await converge(reader)
    expect(print(reader.feeds['stations']?.rows.values() ?? [])).toBe(served())
    reader.close()
  })
})
