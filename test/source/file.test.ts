import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { seededRandom } from '../../src/lib/random.ts'
import type { Ask, Poll } from '../../src/source/ask.ts'
import { Budget } from '../../src/source/budget.ts'
import { fileAsk } from '../../src/source/file.ts'
import { fileKeys, fileOptions } from '../../src/source/file.options.ts'
import { Poller } from '../../src/source/poller.ts'
import { GridPolicy } from '../../src/source/schedule/grid-policy.ts'
import { answered, failed, RecordedLog, rowsOf } from '../support/http-source.ts'

const schema = z.strictObject(fileKeys)
let folder: string
let open: Ask[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-file-'))
  open = []
})

afterEach(async () => {
  await Promise.all(open.map(ask => ask.close()))
  rmSync(folder, { recursive: true })
})

function asking(name: string, more: Partial<z.input<typeof schema>> = {}, clock: Clock = systemClock()): Ask {
  const options = fileOptions(schema.parse({ file: name, ...more }), 10_000, join(folder, name))
  const ask = fileAsk(options, { name: 'tested', clock, log: new RecordedLog().logger })
  open.push(ask)
  return ask
}

/** Written so long ago that its stamp is proof. */
function write(name: string, text: string, ageMs = 10_000): void {
  writeFileSync(join(folder, name), text)
  const at = (Date.now() - ageMs) / 1000
  utimesSync(join(folder, name), at, at)
}

describe('a file', () => {
  test('is a table in any format; as long as its stamp is the same nothing is read', async () => {
    write('a.csv', 'id,n\n1,2\n')
    const ask = asking('a.csv')
    const first = answered(await ask.poll())
    expect([...first.table.rows.values()]).toEqual([{ id: 1, n: 2 }])
    expect(Date.now() - (first.asOf ?? 0)).toBeGreaterThan(9000)
    expect(answered(await ask.poll())).toMatchObject({ kind: 'unchanged', bytes: 0, table: first.table, asOf: first.asOf })
    write('a.csv', 'id,n\n1,3\n', 9000)
    expect(answered(await ask.poll()).changes).toEqual(new Map([['1', { id: 1, n: 2 }]]))
  })

  test('that was written to just now is read again, whatever its stamp says', async () => {
    write('a.json', '[{"id":1,"n":2}]')
    const ask = asking('a.json')
    await ask.poll()
    const at = new Date()
    for (const n of [3, 4]) {
      writeFileSync(join(folder, 'a.json'), `[{"id":1,"n":${n}}]`)
      utimesSync(join(folder, 'a.json'), at, at)
      expect(rowsOf(await ask.poll())).toEqual([{ id: 1, n }])
    }
  })

  test('that is half written is read again until it is whole', async () => {
    write('a.json', '[{"id":1}]')
    const real = systemClock()
    // Each wait of the source is one more piece of the file.
    const pieces = ['[{"id":1},{"i', '[{"id":1},{"id":2}', '[{"id":1},{"id":2}]']
    const clock: Clock = {
      ...real,
      after(delayMs, run) {
        if (delayMs !== 200) return real.after(delayMs, run)
        writeFileSync(join(folder, 'a.json'), pieces.shift() ?? '')
        return real.after(0, run)
      },
    }
    const ask = asking('a.json', {}, clock)
    await ask.poll()
    writeFileSync(join(folder, 'a.json'), '[{"id":1}')
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }, { id: 2 }])
    expect(pieces).toEqual([])
    write('a.json', '[{"id":1}')
    expect(failed(await ask.poll()).cause).toBe('decode')
  })

  test('that is not there, too large or a folder has failed with a reason, and is read when it is', async () => {
    const ask = asking('a.json', { maxBody: '1KiB' })
    expect(failed(await ask.poll())).toMatchObject({ cause: 'upstream', reason: 'a.json is not there (ENOENT)' })
    write('a.json', '[{"id":1}]')
    expect(rowsOf(await ask.poll())).toEqual([{ id: 1 }])
    write('a.json', `["${'x'.repeat(2000)}"]`)
    expect(failed(await ask.poll())).toMatchObject({ cause: 'too_large', reason: 'maxBody: 1 KiB exceeded', limit: 'maxBody' })
    unlinkSync(join(folder, 'a.json'))
    mkdirSync(join(folder, 'a.json'))
    expect(failed(await ask.poll()).reason).toBe('a.json is no file')
  })
})

describe('a folder', () => {
  test('is one table of all of its files, each row with its file', async () => {
    mkdirSync(join(folder, 'readings'))
    write('readings/b.csv', 'n,unit\n5,kW\n')
    write('readings/a.json', '{"n":2}')
    write('readings/.hidden', '{')
    mkdirSync(join(folder, 'readings/inner'))
    const ask = asking('readings')
    const first = answered(await ask.poll())
    expect(first.table.key).toBe('file')
    expect([...first.table.rows.values()]).toEqual([
      { file: 'a.json', n: 2 },
      { file: 'b.csv', n: 5, unit: 'kW' },
    ])
    expect(answered(await ask.poll())).toMatchObject({ kind: 'unchanged', bytes: 0 })
    write('readings/c.json', '{"n":7}')
    unlinkSync(join(folder, 'readings/a.json'))
    expect(rowsOf(await ask.poll()).map(row => row['file'])).toEqual(['b.csv', 'c.json'])
    write('readings/b.csv', 'id,n\n1,"')
    expect(failed(await ask.poll()).reason).toMatch(/^b\.csv: /)
  })

  test('with several rows a file is keyed by the file as well', async () => {
    mkdirSync(join(folder, 'in'))
    write('in/a.csv', 'id,n\n1,2\n2,3\n')
    write('in/b.csv', 'id,n\n1,4\n')
    const { table } = answered(await asking('in', { key: 'id' }).poll())
    expect([...table.rows.keys()]).toEqual(['["a.csv",1]', '["a.csv",2]', '["b.csv",1]'])
  })
})

test('what is written to a file that is wanted is told at once, and nothing is watched while nobody wants it', async () => {
  write('a.json', '[{"id":1,"n":0}]')
  const ask = asking('a.json')
  const clock = systemClock()
  const random = seededRandom(1)
  let told: (poll: Poll) => void = () => undefined
  const policy = new GridPolicy({ identity: 'a', intervalMs: 3_600_000, maxBackoffMs: 3_600_000, clock, random })
  const poller = new Poller({ ask, policy, budget: new Budget(clock), clock, random, onPoll: poll => told(poll) })
  const next = async (act: () => void): Promise<Poll> => {
    const polled = new Promise<Poll>(resolve => (told = resolve))
    act()
    return await polled
  }
  expect(rowsOf(await next(() => poller.start()))).toEqual([{ id: 1, n: 0 }])
  const replace = (text: string) => (): void => {
    writeFileSync(join(folder, 'a.new'), text)
    renameSync(join(folder, 'a.new'), join(folder, 'a.json'))
  }
  expect(rowsOf(await next(replace('[{"id":1,"n":1}]')))).toEqual([{ id: 1, n: 1 }])
  // A failure does not hold up what comes after it.
  expect(failed(await next(() => unlinkSync(join(folder, 'a.json')))).cause).toBe('upstream')
  expect(rowsOf(await next(replace('[{"id":1,"n":2}]')))).toEqual([{ id: 1, n: 2 }])
  poller.stop()
  expect(poller.nextAt).toBeUndefined()
  await poller.close()
})
