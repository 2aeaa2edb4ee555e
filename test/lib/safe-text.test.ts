import { describe, expect, test } from 'vitest'
import { isSecretName, valueWithoutSecrets, withoutSecrets } from '../../src/lib/safe-text.ts'

describe('what is told of a text', () => {
  test.each([
    ['https://user:pass@host/x', 'https://***@host/x'],
    ['https://user:pa/s?#@host/x', 'https://***@host/x'],
    ['https://host:8080/@user/x https://host/@user', 'https://host:8080/@user/x https://host/@user'],
    ['password=hunter2&user=me', 'password=***&user=me'],
    ['/x?api_key=abc&n=1', '/x?api_key=***&n=1'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['a = b', 'a = b'],
  ])('%s', (text, told) => expect(withoutSecrets(text)).toBe(told))
})

test.each([
  'Authorization',
  'Proxy-Authorization',
  'X-CSRF-Token',
  'Ocp-Apim-Subscription-Key',
  'x_api_key_id',
  'sid',
  'oauth',
  'passwd',
  'pin',
  'OTP',
])('%s is the name of a secret', name => expect(isSecretName(name)).toBe(true))
test.each(['author', 'keyboard', 'monkey', 'page', 'signal', 'pins', 'spin', 'pinned_at'])('%s is not', name =>
  expect(isSecretName(name)).toBe(false),
)

test('a body that is JSON is looked into, also one inside another', () => {
  const told = (text: string): string => text.replace('known', '${KNOWN}')
  const body = JSON.stringify({ user: 'me', password: 'hunter2', token: 'known', more: JSON.stringify({ apiKey: 'abc' }) })
  const shown = valueWithoutSecrets({ body, other: '{not json, token=abc' }, told) as { body: string; other: string }
  expect(JSON.parse(shown.body)).toEqual({ user: 'me', password: '***', token: '${KNOWN}', more: '{"apiKey":"***"}' })
  expect(shown.other).toBe('{not json, token=abc')
})
