import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { Ask } from '../../src/source/ask.ts'
import { execAsk } from '../../src/source/exec.ts'
import { execKeys, execOptions } from '../../src/source/exec.options.ts'
import { answered, failed, RecordedLog, rowsOf, until } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'

const schema = z.strictObject(execKeys)
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-exec-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function command(written: z.input<typeof schema>, clock: Clock = systemClock()): Ask {
  return execAsk(execOptions(schema.parse(written), 10_000, folder), { name: 'tested', clock, log: new RecordedLog().logger })
}

/** A command that runs this program. */
function program(text: string): string[] {
  return [process.execPath, '-e', text]
}

/** Whether a process is there and does not only wait to be told of. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a command', () => {
  test('what it prints is the table, in any format; the same output is unchanged', async () => {
    writeFileSync(join(folder, 'out.csv'), 'id,n\n1,2\n2,3\n')
    const ask = command({ exec: 'cat out.csv' })
    expect(rowsOf(await ask.poll())).toEqual([
      { id: 1, n: 2 },
      { id: 2, n: 3 },
    ])
    expect(answered(await ask.poll())).toMatchObject({ kind: 'unchanged', bytes: 13 })
    writeFileSync(join(folder, 'out.csv'), '[{"id":1,"n":5}]')
    expect(rowsOf(await command({ exec: ['cat', 'out.csv'], key: 'id' }).poll())).toEqual([{ id: 1, n: 5 }])
  })

  test('which ends with another code than 0 has failed, with its last complaint and no secret', async () => {
    const text =
      "console.log('[]'); console.error('first\\nno such table: https://a:b@db/x', process.env.PASSWORD, 'given'); process.exitCode = 3"
    const ask = command({ exec: [...program(text), '--', '--token', 'given'], env: { PASSWORD: 'hunter2' } })
    const reason = 'the command node ended with 3: no such table: https://***@db/x *** ***'
    expect(failed(await ask.poll())).toMatchObject({ cause: 'upstream', reason, bytes: 0 })
  })

  test('whose complaint holds a secret that begins like another', async () => {
    const text = 'console.error(process.env.DB_TOKEN, process.env.PASSWORD); process.exitCode = 3'
    const ask = command({ exec: program(text), env: { PASSWORD: 'hunter2', DB_TOKEN: 'hunter2hunter3' } })
    expect(failed(await ask.poll())).toMatchObject({ reason: 'the command node ended with 3: *** ***' })
  })

  test('of whose complaint too little is kept for all of a secret', async () => {
    const text = "process.stderr.write(process.env.PASSWORD + 'x'.repeat(4085)); process.exitCode = 3"
    const ask = command({ exec: program(text), env: { PASSWORD: 'hunter2hunter3hunter4' } })
    expect(failed(await ask.poll()).reason).toMatch(/^the command node ended with 3: x+/)
  })

  test('which is not there', async () => {
    const reason = 'the command no-such-program cannot be run (ENOENT)'
    expect(failed(await command({ exec: 'no-such-program' }).poll())).toMatchObject({ cause: 'upstream', reason })
  })

  test('is told its own variables and few of this process', async () => {
    process.env['MILLRACE_TEST_SECRET'] = 'x'
    const ask = command({ exec: program('console.log(JSON.stringify([process.env]))'), env: { PGUSER: 'me', PORT: 5 } })
    const [row] = rowsOf(await ask.poll())
    delete process.env['MILLRACE_TEST_SECRET']
    expect(row).toMatchObject({ PGUSER: 'me', PORT: '5', PATH: process.env['PATH'] })
    expect(row).not.toHaveProperty('MILLRACE_TEST_SECRET')
  })

  test('that prints without end is ended at maxBody', async () => {
    const ask = command({ exec: ['yes'], maxBody: '64KiB' })
    expect(failed(await ask.poll())).toMatchObject({ cause: 'too_large', limit: 'maxBody', reason: 'maxBody: 64 KiB exceeded' })
  })

  test('that hangs is ended at its deadline, with all that it started', async () => {
    const clock = new ManualClock()
    const pids = join(folder, 'pids')
    const ask = command({ exec: ['sh', '-c', `sleep 60 & echo $! $$ > ${pids}.new; mv ${pids}.new ${pids}; wait`], timeout: '3s' }, clock)
    const polled = ask.poll()
    const written = (): string => {
      try {
        return readFileSync(pids, 'utf8')
      } catch {
        return ''
      }
    }
    await until(() => written() !== '')
    const started = written().trim().split(' ').map(Number)
    expect(started.map(isAlive)).toEqual([true, true])
    clock.advance(3000)
    expect(failed(await polled)).toMatchObject({ cause: 'timeout', reason: 'the command sh: no end within 3s', durationMs: 3000 })
    await until(() => !started.some(isAlive))
  })

  test('that is under way when the source is closed is ended', async () => {
    const ask = command({ exec: ['sleep', '60'] })
    const polled = ask.poll()
    await ask.close()
    expect(failed(await polled).cause).toBe('internal')
  })
})

test.each([
  [{ exec: 'ls | wc' }, "expected a command without '|'"],
  [{ exec: [] }, 'expected a command'],
  [{ exec: 3 }, 'expected a command, or a list of its words'],
  [{ exec: 'ls', env: { 'A B': 'x' } }, 'expected names of variables'],
])('refuses %j', (written, why) => {
  expect(schema.safeParse(written).error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining(why)])
})
