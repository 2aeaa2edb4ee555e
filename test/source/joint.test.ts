import { expect, test } from 'vitest'
import { Joint } from '../../src/source/auth/joint.ts'
import { ManualClock } from '../support/manual-clock.ts'

const gone = new Error('gone')

/** Something under way that never ends by itself, and the signal by which it is given up. */
function underWay(): { readonly joint: Joint<string>; readonly signal: AbortSignal } {
  let signal = AbortSignal.abort()
  const joint = new Joint<string>(new ManualClock(), 1000, given => {
    signal = given
    return new Promise((_resolve, reject) => {
      given.addEventListener('abort', () => reject(given.reason as Error))
    })
  })
  return { joint, signal }
}

test('whoever is gone already does not wait; it goes on for others', async () => {
  const { joint, signal } = underWay()
  const staying = new AbortController()
  const other = joint.wait(staying.signal)
  await expect(joint.wait(AbortSignal.abort(gone))).rejects.toBe(gone)
  expect(signal.aborted).toBe(false)
  staying.abort(gone)
  await expect(other).rejects.toBe(gone)
  expect(signal.reason).toBe(gone)
})

test('with whoever is gone already it is given up, where nobody else waits', async () => {
  const { joint, signal } = underWay()
  await expect(joint.wait(AbortSignal.abort(gone))).rejects.toBe(gone)
  expect(signal.reason).toBe(gone)
})
