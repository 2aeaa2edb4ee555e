import { debounceTime, filter, map } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  alert,
  change,
  defineConfig,
  derive,
  distinct,
  events,
  fill,
  from,
  group,
  http,
  join,
  keep,
  rate,
  select,
  series,
  top,
  where,
  window,
  type Cell,
  type Feed,
  type Row,
  type RowOf,
} from '../../src/authoring/define-config.ts'
import { connect, type Millrace } from '../../src/client/client.ts'
import type { Feed as LiveFeed, TableView } from '../../src/client/face.ts'

/** Judged by the compiler: `npm run check:static`. */

const Station = z.object({ station_id: z.string(), region_id: z.string(), bikes: z.number(), docks: z.number().nullable() })
interface StationRow {
  station_id: string
  region_id: string
  bikes: number
  docks: number | null
}
const url = 'http://bikes.example/stations.json'
const stations = http({ url, key: 'station_id', shape: Station })
const titles = http({ url, key: 'id', shape: z.object({ id: z.string(), title: z.string() }) })

type Shown<F> = { [N in keyof RowOf<F>]: RowOf<F>[N] }
type KeyOf<F> = F extends { readonly '~key'?: infer K } ? K : never

describe('rows', () => {
  test('of a source are those of its schema; of one without any', () => {
    expectTypeOf<RowOf<typeof stations>>().toEqualTypeOf<StationRow>()
    expectTypeOf<KeyOf<typeof stations>>().toEqualTypeOf<'station_id'>()
    const plain = http({ url, every: '5s' })
    expectTypeOf<RowOf<typeof plain>>().toEqualTypeOf<Row>()
    const told = http<{ id: string }>({ url })
    expectTypeOf<RowOf<typeof told>>().toEqualTypeOf<{ id: string }>()
    const several = http({ url, key: ['station_id', 'region_id'], shape: Station })
    expectTypeOf<KeyOf<typeof several>>().toEqualTypeOf<'#'>()
  })

  test('stay through where, top, distinct and keep', () => {
    const feed = from(stations).pipe(
      where((row, key) => row.bikes === 0 && key !== ''),
      top({ by: ['-docks', 'bikes'], limit: 20, per: 'region_id' }),
      distinct({ by: 'region_id' }),
      keep('10m'),
    )
    expectTypeOf<RowOf<typeof feed>>().toEqualTypeOf<StationRow>()
  })

  test('of select have the key and these columns', () => {
    const feed = from(stations).pipe(select({ free: row => row.docks, at: row => new Date(row.bikes), share: 'bikes / 40.0' }))
    expectTypeOf<Shown<typeof feed>>().toEqualTypeOf<{
      readonly station_id: string
      readonly free: number | null
      readonly at: string
      readonly share: Cell
    }>()
  })

  test('of select with a list have the key, and these columns as they are', () => {
    const feed = from(stations).pipe(
      select(['bikes', 'docks']),
      where(row => row.bikes > 0),
    )
    expectTypeOf<Shown<typeof feed>>().toEqualTypeOf<{
      readonly station_id: string
      readonly bikes: number
      readonly docks: number | null
    }>()
    expectTypeOf<KeyOf<typeof feed>>().toEqualTypeOf<'station_id'>()
    const withKey = from(stations).pipe(
      where(row => row.bikes > 0),
      select(['station_id', 'bikes']),
    )
    expectTypeOf<Shown<typeof withKey>>().toEqualTypeOf<{ readonly station_id: string; readonly bikes: number }>()
    const anything = http({ url })
    const plain = from(anything).pipe(select(['any', 'name']))
    expectTypeOf<Shown<typeof plain>>().toEqualTypeOf<{ readonly any: Cell; readonly name: Cell }>()
    const names: readonly ('bikes' | 'docks')[] = ['bikes']
    from(stations).pipe(select(names))
  })

  test('of derive, rate and change have all others too', () => {
    const feed = from(stations).pipe(
      derive({ docks: row => row.docks ?? 0 }),
      rate({ over: '1m', columns: { perSecond: row => row.bikes } }),
      change({ columns: { moved: row => row.docks } }),
    )
    expectTypeOf<Shown<typeof feed>>().toEqualTypeOf<{
      readonly station_id: string
      readonly region_id: string
      readonly bikes: number
      readonly docks: number
      readonly perSecond: number | null
      readonly moved: number | null
    }>()
  })

  test('of group have the columns that name it', () => {
    const feed = from(stations).pipe(
      group({
        by: 'region_id',
        columns: {
          stations: 'count()',
          bikes: { sum: row => row.bikes },
          free: { quantile: row => row.docks, q: 0.9 },
          first: { first: row => row.station_id },
        },
        having: row => row.stations > 1 && row.region_id !== '',
      }),
      where(row => row.stations > 0),
      window({ size: '5m', slide: '10s', columns: { bikes_avg: { avg: row => row.bikes }, most: 'max(bikes)' } }),
    )
    expectTypeOf<Shown<typeof feed>>().toEqualTypeOf<{
      readonly region_id: string
      readonly bikes_avg: number | null
      readonly most: Cell
    }>()
    const total = from(stations).pipe(group({ columns: { n: { count: row => row.bikes }, least: { min: row => row.bikes } } }))
    expectTypeOf<Shown<typeof total>>().toEqualTypeOf<{ readonly '#': string; readonly n: number; readonly least: number | null }>()
    const tumbling = from(stations).pipe(window({ size: '5m', columns: { bikes: 'sum(bikes)' } }))
    expectTypeOf<Shown<typeof tumbling>>().toEqualTypeOf<{
      readonly station_id: string
      readonly bikes: number | null
      readonly final: boolean
    }>()
  })

  test('of a join find the other row under right', () => {
    const inner = from(stations).pipe(
      join({ with: titles, on: row => row.station_id, key: row => row.id, columns: { title: row => row.right.title } }),
      select({ title: row => row.title }),
    )
    expectTypeOf<Shown<typeof inner>>().toEqualTypeOf<{ readonly station_id: string; readonly title: string }>()
    const left = from(stations).pipe(
      join({ with: titles, kind: 'left', columns: { title: row => row.right?.title } }),
      select({ title: row => row.title }),
    )
    expectTypeOf<Shown<typeof left>>().toEqualTypeOf<{ readonly station_id: string; readonly title: string | null }>()
  })

  test('of series, events, alert and fill', () => {
    const points = from(stations).pipe(series({ keep: '10m', columns: { bikes: row => row.bikes } }))
    expectTypeOf<Shown<typeof points>>().toEqualTypeOf<{ readonly time: number; readonly station_id?: string; readonly bikes: number }>()
    const happened = from(stations).pipe(events({ keep: 500, columns: ['bikes'] }))
    expectTypeOf<RowOf<typeof happened>>().toHaveProperty('change').toEqualTypeOf<'appeared' | 'changed' | 'left'>()
    const low = from(stations).pipe(alert({ when: row => row.bikes < 5, for: '1m', text: row => `${row.region_id} has ${row.bikes}` }))
    expectTypeOf<RowOf<typeof low>>().toHaveProperty('state').toEqualTypeOf<'pending' | 'firing' | 'resolved'>()
    const filled = from(stations).pipe(fill({ columns: { docks: 0, bikes: 'last' } }))
    expectTypeOf<RowOf<typeof filled>>().toHaveProperty('docks').toEqualTypeOf<number>()
    expectTypeOf<RowOf<typeof filled>>().toHaveProperty('bikes').toEqualTypeOf<number>()
  })

  test('go through operators of RxJS', () => {
    const feed = from(stations).pipe(
      debounceTime(500),
      filter(sample => sample.table.rows.size > 0),
      map(sample => ({ ...sample, table: { ...sample.table, rows: new Map([...sample.table.rows].slice(0, 5)) } })),
      where(row => row.bikes > 0),
    )
    expectTypeOf<RowOf<typeof feed>>().toEqualTypeOf<StationRow>()
  })

  test('that are not there are an error of the compiler', () => {
    // @ts-expect-error there is no such column
    from(stations).pipe(where(row => row.bikez > 0))
    // @ts-expect-error nor here
    from(stations).pipe(top({ by: '-bikez', limit: 1 }))
    // @ts-expect-error a condition is true or false
    from(stations).pipe(where(row => row.bikes))
    from(stations).pipe(
      select({ free: 'docks' }),
      // @ts-expect-error not any more
      where(row => row.bikes > 0),
    )
    // @ts-expect-error nor is this one to be had
    from(stations).pipe(select(['bikes', 'dock']))
    // @ts-expect-error nor has a list of it left it
    from(stations).pipe(select(['docks']), top({ by: 'bikes', limit: 1 }))
    // @ts-expect-error no column to group by
    from(stations).pipe(group({ by: 'region', columns: { n: 'count()' } }))
    // @ts-expect-error no aggregate
    from(stations).pipe(group({ columns: { n: { total: row => row.bikes } } }))
    // @ts-expect-error nor such a key
    http({ url, evry: '10s' })
    // @ts-expect-error a union is of equal rows
    from(stations, titles)
  })
})

test('a client of a config knows its feeds, and any other feed by what it is told', () => {
  const config = defineConfig({
    sources: { stations, plain: 'http://x.example/' },
    feeds: { regions: from(stations).pipe(group({ by: 'region_id', columns: { bikes: { sum: row => row.bikes } } })) },
  })
  const client = (): Millrace<{ stations: StationRow }> => connect<typeof config>('http://127.0.0.1:1')
  expectTypeOf(client).returns.toHaveProperty('feed')
  const use = (millrace: ReturnType<typeof connect<typeof config>>) => ({
    regions: millrace.feed('regions'),
    stations: millrace.get('stations'),
    plain: millrace.feed('plain'),
    other: millrace.feed<{ a: number }>('other'),
    unknown: millrace.feed('other'),
  })
  type Used = ReturnType<typeof use>
  expectTypeOf<Used['regions']>().toEqualTypeOf<LiveFeed<{ readonly region_id: string; readonly bikes: number | null }>>()
  expectTypeOf<Used['stations']>().toEqualTypeOf<Promise<TableView<StationRow>>>()
  expectTypeOf<Used['plain']>().toEqualTypeOf<LiveFeed>()
  expectTypeOf<Used['other']>().toEqualTypeOf<LiveFeed<{ a: number }>>()
  expectTypeOf<Used['unknown']>().toEqualTypeOf<LiveFeed>()
  const untyped = (millrace: Millrace) => [millrace.feed('x'), millrace.feed<{ a: number }>('x')] as const
  expectTypeOf(untyped).returns.toEqualTypeOf<readonly [LiveFeed, LiveFeed<{ a: number }>]>()
  const whole = (millrace: ReturnType<typeof connect<typeof config>>): Millrace => millrace
  expectTypeOf(whole).toBeFunction()
  expectTypeOf<Feed>().toHaveProperty('pipe')
})
