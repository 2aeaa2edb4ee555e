import { expect, test } from 'vitest'
import { closeTable, errorTable, mayReconnect, MillraceError, type ErrorCode } from '../../src/model/errors.ts'

test.each(Object.keys(errorTable) as ErrorCode[])('%s knows whether trying again can help', code => {
  expect(new MillraceError(code, 'why').retry).toBe(errorTable[code].retry)
})

test('a message has 200 characters at most', () => {
  expect(new MillraceError('not_found', 'x'.repeat(200)).message).toHaveLength(200)
  expect(new MillraceError('not_found', 'x'.repeat(201)).message).toMatch(/^x{199}…$/)
})

test('close reasons fit a close frame: 123 bytes at most (RFC 6455 section 5.5)', () => {
  for (const { meaning } of Object.values(closeTable)) expect(Buffer.byteLength(meaning)).toBeLessThanOrEqual(123)
})

test.each([
  [1000, 'now'],
  [1006, 'now'],
  [1012, 'now'],
  [4400, 'never'],
  [4401, 'never'],
  [4408, 'backoff'],
  [4429, 'backoff'],
  [4499, 'never'],
  [4500, 'now'],
  [4508, 'now'],
])('after %d a client comes back: %s', (code, when) => {
  expect(mayReconnect(code)).toBe(when)
})
