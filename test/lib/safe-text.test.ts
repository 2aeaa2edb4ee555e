import { describe, expect, test } from 'vitest'
import { withoutSecrets } from '../../src/lib/safe-text.ts'

describe('what is told of a text', () => {
  test.each([
    ['https://user:pass@host/x', 'https://***@host/x'],
    ['password=hunter2&user=me', 'password=***&user=me'],
    ['/x?api_key=abc&n=1', '/x?api_key=***&n=1'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['a = b', 'a = b'],
  ])('%s', (text, told) => expect(withoutSecrets(text)).toBe(told))
})
