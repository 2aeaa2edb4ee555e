import { describe, expect, test } from 'vitest'
import { isSecretName, withoutSecrets } from '../../src/lib/safe-text.ts'

describe('what is told of a text', () => {
  test.each([
    ['https://user:pass@host/x', 'https://***@host/x'],
    ['password=hunter2&user=me', 'password=***&user=me'],
    ['/x?api_key=abc&n=1', '/x?api_key=***&n=1'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['a = b', 'a = b'],
  ])('%s', (text, told) => expect(withoutSecrets(text)).toBe(told))
})

test.each(['Authorization', 'Proxy-Authorization', 'X-CSRF-Token', 'Ocp-Apim-Subscription-Key', 'x_api_key_id', 'sid', 'oauth', 'passwd'])(
  '%s is the name of a secret',
  name => expect(isSecretName(name)).toBe(true),
)
test.each(['author', 'keyboard', 'monkey', 'page', 'signal'])('%s is not', name => expect(isSecretName(name)).toBe(false))
