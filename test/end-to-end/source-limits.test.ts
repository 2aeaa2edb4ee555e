import { afterAll, beforeAll, expect, test } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { httpKeys } from '../../src/source/http.options.ts'
import { MillraceServer } from '../../src/server.ts'
import { limitsMet } from '../support/metric.ts'
import { json, Upstream } from '../support/upstream.ts'

/** Every limit on what an upstream may answer: the poll fails, its reason begins with the key, and it counts. */

const limits: Readonly<Record<string, { readonly most: number | string; readonly told: RegExp }>> = {
  maxBody: { most: '64B', told: /^maxBody: 64 B exceeded/ },
  maxRows: { most: 1, told: /^maxRows: 1 exceeded/ },
  maxColumns: { most: 1, told: /^maxColumns: 1 exceeded/ },
  maxCells: { most: 3, told: /^maxCells: 3 exceeded/ },
  maxDepth: { most: 1, told: /^maxDepth: 1 levels exceeded/ },
  maxCell: { most: '32B', told: /^maxCell: 32 B exceeded in column text/ },
  maxKey: { most: '8B', told: /^maxKey: 8 B exceeded/ },
  maxRedirects: { most: 1, told: /^maxRedirects: 1 exceeded/ },
}

let upstream: Upstream
let server: MillraceServer
let url: string

beforeAll(async () => {
  const rows = ['one', 'two'].map(name => ({ id: `long key ${name}`, n: 1, text: 'x'.repeat(40) }))
  upstream = await Upstream.start((request, response) => {
    if (request.url?.startsWith('/around') === true) response.writeHead(302, { Location: '/around' }).end()
    else json(rows)(request, response)
  })
  const sources = Object.entries(limits).map(([key, { most }]) => {
    const path = key === 'maxRedirects' ? 'around' : ''
    return [key.toLowerCase(), { url: upstream.url + path, every: '1h', key: 'id', demand: 'always', [key]: most }] as const
  })
  const config = configOf({ server: { port: 0 }, sources: Object.fromEntries(sources) })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config })
  url = await server.listen()
})

afterAll(async () => {
  await server.close()
  await upstream.close()
})

test('none is forgotten', () => {
  // The longest Retry-After refuses nothing: it is cut; a fall by more than maxDrop is held, not failed.
  const all = Object.keys(httpKeys).filter(key => key.startsWith('max') && !['maxRetryAfter', 'maxDrop'].includes(key))
  expect(Object.keys(limits).sort()).toEqual(all.sort())
})

test.each(Object.entries(limits))('%s', async (key, { told }) => {
  await expect.poll(() => server.graph.feed(key.toLowerCase())?.freshness.state).toBe('down')
  expect(server.graph.feed(key.toLowerCase())?.freshness.reason).toMatch(told)
  expect(server.health().failing.find(({ source }) => source === key.toLowerCase())?.reason).toMatch(told)
  expect(await limitsMet(url, key)).toBe(1)
})
