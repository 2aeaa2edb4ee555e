import { afterEach, beforeEach, expect, test } from 'vitest'
import { compileConfig } from '../../src/compile.ts'
import { configOf } from '../../src/config/load.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { Budgets } from '../../src/source/budgets.ts'
import type { Poll } from '../../src/source/ask.ts'
import { body, json, redirect, status, Upstream, type Behaviour } from '../support/upstream.ts'

let upstream: Upstream
let other: Upstream
const close: (() => Promise<void>)[] = []

beforeEach(async () => {
  upstream = await Upstream.start(json([{ id: 1 }]))
  other = await Upstream.start(json([{ id: 1 }]))
})
afterEach(async () => {
  await Promise.all(close.splice(0).map(end => end()))
  await Promise.all([upstream.close(), other.close()])
})

const origin = ({ url }: Upstream): string => new URL(url).origin

/** Polls the source `s` of a config once; what it spent of which budget beside the place that let it in, at once or in its turn. */
async function spent(
  source: object,
  more: Readonly<Record<string, object>> = {},
): Promise<{ readonly poll: Poll; readonly of: readonly string[] }> {
  const loaded = configOf({ sources: { s: { key: 'id', ...source }, ...more }, budgets: { mine: { rate: '1000/1s' } } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const clock = systemClock()
  const budgets = new Budgets(undefined, { clock, limited: () => undefined })
  const deps = { clock, random: () => 0.5, log: silentLogger, limited: () => undefined, budgets }
  const { sources } = compileConfig(loaded.config, deps)
  const of: string[] = []
  const watched: readonly (readonly [string, ReturnType<Budgets['of']> | undefined])[] = [
    ['mine', budgets.named('mine')],
    ['upstream', budgets.known(origin(upstream))],
    ['other', budgets.known(origin(other))],
  ]
  for (const [name, budget] of watched) {
    if (budget === undefined) continue
    const [spend, admitMore] = [budget.spend.bind(budget), budget.admitMore.bind(budget)]
    budget.spend = () => {
      of.push(name)
      spend()
    }
    budget.admitMore = enter => {
      of.push(name)
      return admitMore(enter)
    }
  }
  const poll = await new Promise<Poll>(resolve => {
    const poller = sources.find(({ name }) => name === 's')?.createPoller(resolve)
    if (poller === undefined) throw new Error('no poller')
    close.push(() => poller.close())
    poller.start()
  })
  return { poll, of }
}

/** By path. */
function routes(by: Readonly<Record<string, Behaviour>>): Behaviour {
  return (request, response) => (by[request.url ?? ''] ?? status(404))(request, response)
}

test('an answer costs the place that let it in', async () => {
  expect(await spent({ url: upstream.url })).toMatchObject({ poll: { kind: 'changed' }, of: [] })
})

test('redirects cost what they lead to: the budget of the source, or that of another origin that is asked too', async () => {
  upstream.script(routes({ '/': redirect('/a'), '/a': redirect(other.url), '/b': json([]) }))
  expect(await spent({ url: upstream.url })).toMatchObject({ poll: { kind: 'changed' }, of: ['upstream'] })
  expect(await spent({ url: upstream.url }, { o: { url: other.url } })).toMatchObject({ of: ['upstream', 'other'] })
  expect(await spent({ url: upstream.url, budget: 'mine' }, { u: { url: upstream.url } })).toMatchObject({ of: ['mine'] })
})

test('a login costs one, and so does a second try with a new token', async () => {
  const token = json({ access_token: 't' })
  const login = { oauth2: { tokenUrl: `${upstream.url}token`, clientId: 'id', clientSecret: 'secret' } }
  upstream.script(routes({ '/': json([{ id: 1 }]), '/token': token }))
  expect(await spent({ url: upstream.url, auth: login })).toMatchObject({ poll: { kind: 'changed' }, of: ['upstream'] })
  other.script(token)
  const elsewhere = { oauth2: { ...login.oauth2, tokenUrl: other.url } }
  expect(await spent({ url: upstream.url, auth: elsewhere }, { o: { url: other.url } })).toMatchObject({ of: ['other'] })
  const challenge = body('{}', { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }, 401)
  upstream.script(challenge, json([{ id: 1 }]))
  expect(await spent({ url: upstream.url, auth: { digest: { user: 'u', password: 'p' } } })).toMatchObject({
    poll: { kind: 'changed' },
    of: ['upstream'],
  })
})
