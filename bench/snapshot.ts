import { setTimeout as pause } from 'node:timers/promises'
import { head, row, type Bench } from './harness/bench.ts'
import { MovingUpstream } from './harness/moving-upstream.ts'
import { printSpread, spreadOf } from './harness/spread.ts'
import { Worker } from './harness/worker.ts'

const rows = 100_000
const readers = 20

/** Arguments: `[rounds]`. */
export const snapshot: Bench = {
  title: 'A snapshot of 100 000 rows',
  about: `${readers} readers come at once and are sent a table of ${rows.toLocaleString('en').replace(',', ' ')} rows: how long the event loop is blocked at a time, against encoding and writing it in one go.`,
  async run([rounds = '5'], say) {
    const upstream = await MovingUpstream.start({ rows, changedAtOnce: 1, text: 60 })
    const [server, own] = [new Worker('millrace-server.ts'), new Worker('readers.ts')]
    try {
      const url = await server.ask<string>('listen', {
        sources: { quotes: { url: upstream.url, every: '1h', key: 'symbol', maxBody: '256MiB', maxRows: 200_000, linger: '1h' } },
      })
      const opening = { url: `${url.replace('http', 'ws')}/ws?feed=quotes`, count: 1 }
      await own.ask('open', opening)
      while ((await own.ask<{ readonly bytes: number }>('counts')).bytes < rows) await pause(100)
      const figures: { blocked: number; atOnce: number; bytes: number }[] = []
      for (let i = 0; i < Number(rounds); i++) {
        const before = await own.ask<{ readonly bytes: number }>('counts')
        const atOnce = await server.ask<number>('encodeAtOnce', rows)
        await pause(500)
        await server.ask('blocked')
        await own.ask('open', { ...opening, count: readers, query: `&where=price%20%3E%20-${i + 1}` })
        await pause(4000)
        const blocked = await server.ask<number>('blocked')
        const after = await own.ask<{ readonly bytes: number }>('counts')
        figures.push({ blocked, atOnce, bytes: (after.bytes - before.bytes) / readers })
      }
      const cell = (of: (figure: (typeof figures)[number]) => number): string => printSpread(spreadOf(figures.map(of)), 0)
      say(head('what', 'figure'))
      say(
        row(
          'bytes of a snapshot, MB',
          cell(({ bytes }) => bytes / 1e6),
        ),
      )
      say(
        row(
          'longest that the loop was blocked, ms',
          cell(({ blocked }) => blocked),
        ),
      )
      say(
        row(
          'encoding as much at once, ms',
          cell(({ atOnce }) => atOnce),
        ),
      )
    } finally {
      server.end()
      own.end()
      upstream.close()
    }
  },
}
