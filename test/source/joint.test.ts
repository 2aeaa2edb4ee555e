import { expect, test } from 'vitest'
import { Joint } from '../../src/source/auth/joint.ts'
import { Deadline } from '../../src/source/deadline.ts'
import { ManualClock } from '../support/manual-clock.ts'

const gone = new Error('gone')

/** Something under way that never ends by itself, and the deadline by which it is given up. */
function underWay(): { readonly joint: Joint<string>; readonly deadline: Deadline } {
  const clock = new ManualClock()
  let deadline = new Deadline(clock, 1000)
  const joint = new Joint<string>(clock, 1000, given => {
    deadline = given
    return new Promise((_resolve, reject) => {
      given.whenOver(() => reject(given.reason ?? new Error('no reason')))
    })
  })
  return { joint, deadline }
}

test('whoever is gone already does not wait; it goes on for others', async () => {
  const { joint, deadline } = underWay()
  const staying = new AbortController()
  const other = joint.wait(staying.signal)
  await expect(joint.wait(AbortSignal.abort(gone))).rejects.toBe(gone)
  expect(deadline.isOver).toBe(false)
  staying.abort(gone)
  await expect(other).rejects.toBe(gone)
  expect(deadline.reason).toBe(gone)
})

test('with whoever is gone already it is given up, where nobody else waits', async () => {
  const { joint, deadline } = underWay()
  await expect(joint.wait(AbortSignal.abort(gone))).rejects.toBe(gone)
  expect(deadline.reason).toBe(gone)
})
