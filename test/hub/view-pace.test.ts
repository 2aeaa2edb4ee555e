import { describe, expect, test } from 'vitest'
import { ViewPace } from '../../src/hub/view-pace.ts'
import { ManualClock } from '../support/manual-clock.ts'

function paced(): { readonly clock: ManualClock; readonly pace: ViewPace } {
  const clock = new ManualClock()
  return { clock, pace: new ViewPace(clock) }
}

describe('the pace of views', () => {
  test('is out once more than 5 ms were taken at once, until three tenths of the time make up for it', () => {
    const { clock, pace } = paced()
    pace.spent(5)
    expect(pace.isOut).toBe(false)
    pace.spent(30)
    expect(pace.isOut).toBe(true)
    clock.advance(99)
    expect(pace.isOut).toBe(true)
    clock.advance(2)
    expect(pace.isOut).toBe(false)
    expect(pace.spentMs).toBe(35)
  })

  test('what took very long counts as three seconds', () => {
    const { clock, pace } = paced()
    pace.spent(60_000)
    clock.advance(9900)
    expect(pace.isOut).toBe(true)
    clock.advance(100)
    expect(pace.isOut).toBe(false)
  })

  test('those who wait take turns by account, each in its order; who has much to do is passed by who has little', () => {
    const { clock, pace } = paced()
    const done: string[] = []
    const wait = (account: string, name: string): (() => void) =>
      pace.wait(account, () => {
        done.push(name)
        pace.spent(3)
      })
    for (const name of ['a1', 'a2', 'a3', 'a4']) wait('a', name)
    wait('b', 'b1')
    const forgotten = wait('c', 'c1')
    wait('c', 'c2')
    forgotten()
    expect(done).toEqual([])
    clock.advance(1000)
    expect(done).toEqual(['a1', 'b1', 'c2', 'a2', 'a3', 'a4'])
  })

  test('takes no more than its share, whoever waits', () => {
    const { clock, pace } = paced()
    let count = 0
    const again = (): void => {
      count++
      pace.spent(3)
      pace.wait('a', again)
    }
    pace.wait('a', again)
    clock.advance(10_000)
    expect(count * 3).toBeGreaterThan(2800)
    expect(count * 3).toBeLessThan(3010)
    pace.close()
    clock.advance(1000)
    expect(count * 3).toBeLessThan(3010)
  })
})
