import { expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { json, Upstream } from '../support/upstream.ts'

test('a budget is never exceeded (L7) by all sources that name it, which take turns; others of the origin are not held up', async () => {
  const times: { path: string; at: number }[] = []
  const upstream = await Upstream.start((request, response) => {
    times.push({ path: request.url ?? '', at: performance.now() })
    json([{ id: 'a', n: times.length }])(request, response)
  })
  const source = (path: string, more: object = {}): object => ({
    url: upstream.url + path,
    every: '20ms',
    key: 'id',
    demand: 'always',
    ...more,
  })
  const config = configOf({
    server: { port: 0 },
    budgets: { slow: { rate: '10/1s', spacing: '50ms' } },
    sources: { a: source('a', { budget: 'slow' }), b: source('b', { budget: 'slow' }), free: source('free') },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  const server = new MillraceServer({ config: config.config })
  const began = performance.now()
  await server.listen()
  const count = (path: string): number => times.filter(one => one.path.endsWith(path)).length
  await vi.waitUntil(() => count('/a') >= 4 && count('/b') >= 4, { timeout: 15_000 })
  const whys = [...server.graph.sources()].filter(({ definition }) => definition.name !== 'free').map(({ why }) => why)
  const tookMs = performance.now() - began
  await server.close()
  await upstream.close()
  expect(count('/a') + count('/b')).toBeLessThanOrEqual(2 + tookMs / 100)
  expect(Math.abs(count('/a') - count('/b'))).toBeLessThanOrEqual(2)
  expect(count('/free')).toBeGreaterThan(count('/a'))
  expect(whys.join()).toContain('waiting for its turn')
})
