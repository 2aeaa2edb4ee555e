import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { fillOptions } from '../../src/source/fill.ts'
import { httpAsk } from '../../src/source/http.ts'
import { httpKeys, httpOptions } from '../../src/source/http.options.ts'
import { paramsKeys, paramsOptions, type ParamOptions } from '../../src/source/params.options.ts'
import { paramValue, readParams } from '../../src/source/params.ts'
import { Proxies } from '../../src/source/proxy.ts'
import { isPrivateAddress, publicLookup } from '../../src/source/private-address.ts'
import { failed } from '../support/http-source.ts'
import { json, redirect, Upstream } from '../support/upstream.ts'

type Declared = z.input<typeof paramsKeys.params>

function declared(params: Declared): readonly ParamOptions[] {
  return paramsOptions(z.strictObject(paramsKeys).parse({ params })) ?? []
}

describe('a value', () => {
  test.each<[NonNullable<Declared>[string], string, string | undefined]>([
    [{}, 'a b/c', 'a b/c'],
    [{}, '', undefined],
    [{}, '.', undefined],
    [{}, '..', undefined],
    [{}, '\ud800', undefined],
    [{}, 'x'.repeat(65), undefined],
    [{ max: 3 }, 'abcd', undefined],
    [{ pattern: 'a|b' }, 'b', 'b'],
    [{ pattern: 'a|b' }, 'bc', undefined],
    [{ pattern: 'a|b' }, 'b\n', undefined],
    [{ type: 'integer' }, '007', '7'],
    [{ type: 'integer' }, '-0', '0'],
    [{ type: 'integer' }, '7.5', undefined],
    [{ type: 'integer' }, '9007199254740993', undefined],
    [{ type: 'integer' }, '0x10', undefined],
    [{ type: 'number' }, '1.50', '1.5'],
    [{ type: 'number' }, '1e999', undefined],
    [{ type: 'number' }, 'NaN', undefined],
    [{ type: 'boolean' }, 'true', 'true'],
    [{ type: 'boolean' }, '1', undefined],
  ])('%j takes %j as %j', (param, given, value) => {
    const [options] = declared({ x: param })
    expect(options && paramValue(options, given)).toBe(value)
  })
})

test('a set is named in one way, whatever the spelling: without what is as by default, in the order of the names', () => {
  const params = declared({ b: { type: 'integer', default: 7 }, a: {}, __proto_: { default: 'x' } })
  const named = (given: Record<string, string>): unknown => [...readParams('f', params, new Map(Object.entries(given)))]
  expect(named({ b: '08', a: 'q' })).toEqual([
    ['a', 'q'],
    ['b', '8'],
  ])
  expect(named({ a: 'q', b: '7.0', __proto_: 'x' })).toEqual([['a', 'q']])
})

describe('what is filled in', () => {
  const template = httpOptions(
    z.strictObject(httpKeys).parse({ url: 'http://x/a/{a}/{b}', query: { q: '{a}' }, headers: { h: '{b}' } }),
    1000,
  )

  test('is looked for in the template alone, never in another value', () => {
    const { url, headers } = fillOptions(template, new Map(Object.entries({ a: '{b}', b: '%7Ba%7D$&' })))
    expect(url).toBe('http://x/a/%7Bb%7D/%257Ba%257D%24%26?q=%7Bb%7D')
    expect(headers.get('h')).toBe('%7Ba%7D$&')
  })

  test('gives each set a URL of its own, below the same place', () => {
    const [a, b] = declared({ a: {}, b: {} })
    const value = fc.string({ unit: 'grapheme-ascii', minLength: 1 })
    const set = fc
      .record({ a: value, b: value })
      .filter(values => [a, b].every(one => one && paramValue(one, values.a) === values.a && paramValue(one, values.b) === values.b))
    fc.assert(
      fc.property(set, set, (one, other) => {
        const [left, right] = [one, other].map(values => new URL(fillOptions(template, new Map(Object.entries(values))).url))
        expect([left?.origin, left?.pathname.split('/').length, left?.pathname.startsWith('/a/')]).toEqual(['http://x', 4, true])
        expect(left?.href === right?.href).toBe(one.a === other.a && one.b === other.b)
      }),
    )
  })
})

describe('private addresses', () => {
  test.each<[string, boolean]>([
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['169.254.169.254', true],
    ['100.100.0.1', true],
    ['0.0.0.0', true],
    ['224.0.0.1', true],
    ['255.255.255.255', true],
    ['8.8.8.8', false],
    ['[::1]', true],
    ['::', true],
    ['fe80::1%eth0', true],
    ['fd00::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::7f00:1', true],
    ['2001:4860:4860::8888', false],
    ['localhost', false],
  ])('%s: %s', (address, isPrivate) => {
    expect(isPrivateAddress(address)).toBe(isPrivate)
  })

  test('a name that leads to one is not resolved; others are, as connections want it', async () => {
    const resolved = (host: string, all: boolean): Promise<unknown> =>
      new Promise(resolve => publicLookup(host, { all }, (error, address) => resolve(error?.message ?? address)))
    expect(await resolved('localhost', true)).toBe(
      'localhost leads to a private address, and readers fill in params: `private: true` allows that',
    )
    expect(await resolved('8.8.8.8', true)).toEqual([{ address: '8.8.8.8', family: 4 }])
    expect(await resolved('8.8.8.8', false)).toBe('8.8.8.8')
  })

  test('are not asked, by name or number, unless the source says so', async () => {
    const upstream = await Upstream.start(json([]))
    const { port } = new URL(upstream.url)
    const options = (url: string): Parameters<typeof httpAsk>[0] => httpOptions(z.strictObject(httpKeys).parse({ url }), 1000)
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const ask = httpAsk(
        { ...options(`http://${host}:${port}/`), isPublicOnly: true },
        { name: 'a', clock: systemClock(), log: silentLogger },
      )
      expect(failed(await ask.poll())).toMatchObject({ cause: 'refused', reason: expect.stringContaining('leads to a private address') })
      await ask.close()
    }
    expect(upstream.connections).toBe(0)
    await upstream.close()
  })

  test('nor reached by a redirect', async () => {
    const upstream = await Upstream.start(json([]))
    // What stands for the public internet: a proxy on this machine, which is reached by the name of the upstream.
    const proxy = createServer((request, response) => redirect(upstream.url)(request, response))
    await new Promise<void>(resolve => {
      proxy.listen(0, '127.0.0.1', resolve)
    })
    const proxies = new Proxies({ http_proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
    const options = httpOptions(z.strictObject(httpKeys).parse({ url: 'http://public.example/' }), 1000)
    const ask = httpAsk({ ...options, isPublicOnly: true }, { name: 'a', clock: systemClock(), log: silentLogger, proxies })
    expect(failed(await ask.poll()).reason).toContain('127.0.0.1 leads to a private address')
    expect(upstream.connections).toBe(0)
    await ask.close()
    await upstream.close()
    await new Promise(resolve => {
      proxy.close(resolve)
      proxy.closeAllConnections()
    })
  })
})
