import { expect, test } from 'vitest'
import { Heartbeat, type Beating } from '../../src/connection/heartbeat.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

class Counter implements Beating {
  beats = 0
  beat(): void {
    this.beats++
  }
}

test('each member beats once an interval, and those that came at different times at different times', () => {
  const clock = new ManualClock()
  const wheel = new Heartbeat(1000, clock)
  const members = Array.from({ length: 10 }, () => {
    const member = new Counter()
    wheel.add(member)
    clock.advance(100)
    return member
  })
  const total = (): number => members.reduce((sum, { beats }) => sum + beats, 0)
  expect(total()).toBe(1)
  for (let i = 0; i < 50; i++) {
    const before = total()
    clock.advance(100)
    expect(total() - before).toBe(1)
  }
  expect(new Set(members.map(({ beats }) => beats))).toEqual(new Set([5, 6]))
})

test('the first beat comes after one interval, not before', () => {
  const clock = new ManualClock()
  const wheel = new Heartbeat(25_000, clock)
  const member = new Counter()
  wheel.add(member)
  clock.advance(24_999)
  expect(member.beats).toBe(0)
  clock.advance(1)
  expect(member.beats).toBe(1)
})

test('timers that are late do not add up', () => {
  const clock = new ManualClock()
  const late: Clock = { now: () => clock.now(), monotonic: () => clock.monotonic(), after: (ms, run) => clock.after(ms + 5, run) }
  const wheel = new Heartbeat(1000, late)
  const member = new Counter()
  wheel.add(member)
  clock.advance(100_005)
  expect(member.beats).toBe(100)
})

test('one that left beats no more, also when it leaves during its beat; an empty wheel sets no timer', () => {
  const clock = new ManualClock()
  const wheel = new Heartbeat(1000, clock)
  const [once, other] = [new Counter(), new Counter()]
  const leaving: Beating = {
    beat: () => {
      once.beat()
      wheel.remove(leaving, place)
      wheel.remove(leaving, place)
    },
  }
  const place = wheel.add(leaving)
  const placeOfOther = wheel.add(other)
  clock.advance(3000)
  expect([once.beats, other.beats]).toEqual([1, 3])
  wheel.remove(other, placeOfOther)
  clock.advance(1000)
  expect(clock.pending).toBe(0)
  const later = new Counter()
  wheel.add(later)
  clock.advance(1000)
  expect(later.beats).toBe(1)
})

test('closed, it stands still', () => {
  const clock = new ManualClock()
  const wheel = new Heartbeat(1000, clock)
  const member = new Counter()
  wheel.add(member)
  wheel.close()
  clock.advance(10_000)
  expect(member.beats).toBe(0)
  expect(clock.pending).toBe(0)
})
