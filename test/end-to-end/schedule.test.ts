import { afterEach, beforeEach, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'

let upstream: ChangingUpstream
let server: MillraceServer
let url: string

beforeEach(async () => {
  upstream = await startChangingUpstream(JSON.stringify([{ id: 'a', bikes: 3 }]))
  const loaded = configOf({
    server: { port: 0 },
    sources: { stations: { url: upstream.url, every: { average: '250ms' }, demand: 'always' } },
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  server = new MillraceServer({ config: loaded.config })
  url = await server.listen()
})

afterEach(async () => {
  await server.close()
  await upstream.close()
})

/** Asks for a feed until a row of it is as wanted. */
async function rowOf(
  feed: string,
  isWanted: (row: Readonly<Record<string, unknown>>) => boolean,
): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const response = await fetch(`${url}/feeds/${feed}`)
    const { rows } = (await response.json()) as { rows: readonly Readonly<Record<string, unknown>>[] }
    const found = rows.find(isWanted)
    if (found !== undefined) return found
  }
}

test('a source with an average interval is asked at its pace, shows its changes, and says why it asks when', async () => {
  const source = await rowOf('$sources', row => row['source'] === 'stations' && Number(row['unchanged']) >= 2 && row['next'] !== null)
  expect(source).toMatchObject({ every: 250, state: 'fresh', failed: 0, period: null })
  expect(source['price']).toBeCloseTo(1, 1)
  expect(source['why']).toMatch(/^(steady|explore): .*\d+m?s$/)
  upstream.body = JSON.stringify([{ id: 'a', bikes: 4 }])
  expect(await rowOf('stations', row => row['bikes'] === 4)).toEqual({ id: 'a', bikes: 4 })
})
