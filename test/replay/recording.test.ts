import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { RecordingWriter } from '../../src/replay/recording-writer.ts'
import { Recording } from '../../src/replay/recording.ts'
import { configRecord, exchange, Recordings } from '../support/recordings.ts'

const recordings = new Recordings()
afterAll(() => recordings.remove())

const asked = { source: 'a', purpose: 'data', method: 'GET', url: 'http://u.example/a', authorized: false } as const

function bodyAt(recording: Recording, at: number): Buffer | undefined {
  const answer = recording.find({ ...asked, at })
  return answer?.kind === 'exchange' ? answer.body : undefined
}

test('a recording that was broken off anywhere holds every record that was whole by then, and says how much is not', async () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(bodies, fc.double({ min: 0, max: 1, noNaN: true }), async (given, share) => {
      const records = given.map((body, i) => [exchange(i * 1000), Buffer.from(body)] as const)
      const path = await recordings.write([[configRecord()], ...records])
      const whole = readFileSync(path)
      const ends = given.map((_, i) => i)
      const sizes = await Promise.all(
        ends.map(async i => readFileSync(await recordings.write([[configRecord()], ...records.slice(0, i + 1)])).length),
      )
      const first = readFileSync(await recordings.write([[configRecord()]])).length
      const cut = first + Math.floor(share * (whole.length - first))
      writeFileSync(path, whole.subarray(0, cut))
      const recording = new Recording(path)
      const complete = sizes.filter(size => size <= cut).length
      expect(recording.requests).toBe(complete)
      expect(recording.tornBytes).toBe(cut - (sizes[complete - 1] ?? first))
      for (let i = 0; i < complete; i++) expect(bodyAt(recording, i * 1000)).toEqual(Buffer.from(given[i] ?? []))
      recording.close()
    }),
    { numRuns: 40 },
  )
})

test('a body that stayed the same is kept once', async () => {
  const path = await recordings.write([
    [configRecord()],
    [exchange(0), Buffer.from('same')],
    [exchange(1000), Buffer.from('other')],
    [exchange(2000, { bodyOf: 1 })],
  ])
  const recording = new Recording(path)
  expect([0, 1000, 2000].map(at => String(bodyAt(recording, at)))).toEqual(['same', 'other', 'same'])
  expect(recording.lengthMs).toBe(2025)
})

describe('what cannot be replayed is refused, and why', () => {
  const broken = (content: string | Buffer): string => {
    const path = recordings.path()
    writeFileSync(path, content)
    return path
  }

  test.each([
    ['no file', () => recordings.path(), 'there is no such file'],
    ['a folder', () => recordings.folder, 'EISDIR'],
    ['an empty file', () => broken(''), 'it is no recording: millrace record makes them'],
    ['another kind of file', () => broken('sources: {}\n'), 'it is no recording: millrace record makes them'],
    [
      'another version',
      () => broken('millrace recording 2\n....'),
      'its form has the version 2, and this millrace reads 1: replay it by the millrace that recorded it',
    ],
    ['one without a config', () => broken('millrace recording 1\n\0\0'), 'it was broken off before anything was recorded'],
  ])('%s', (_, path, why) => {
    expect(() => new Recording(path())).toThrow(why)
  })

  test('one that is damaged in its midst', async () => {
    const path = await recordings.write([[configRecord()], [exchange(0), Buffer.from('body')], [exchange(1000), Buffer.from('more')]])
    const bytes = readFileSync(path)
    const at = readFileSync(await recordings.write([[configRecord()]])).length
    bytes.fill(0, at + 10, at + 30)
    writeFileSync(path, bytes)
    expect(() => new Recording(path)).toThrow(/it is damaged \d+ B from its beginning/)
    bytes.fill(0xff, at, at + 4)
    writeFileSync(path, bytes)
    expect(() => new Recording(path)).toThrow(/it is damaged/)
  })
})

test('what cannot be written is told once, and ends nothing', async () => {
  const path = recordings.path()
  const file = openSync(path, 'w')
  const told: string[] = []
  const writer = new RecordingWriter(file, error => told.push(error.message))
  writer.append(configRecord())
  await writer.flushed()
  closeSync(file)
  for (let i = 0; i < 3; i++) writer.append(exchange(i), Buffer.from('body'))
  await writer.flushed()
  expect(told).toEqual([expect.stringContaining('EBADF')])
  const recording = new Recording(path)
  expect([recording.requests, recording.tornBytes]).toEqual([0, 0])
  recording.close()
})
