import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { FileWatch } from '../../src/lib/file-watch.ts'
import { ManualClock } from '../support/manual-clock.ts'

let folder: string
let file: string
let watching: FileWatch
let changes: number
let wake: () => void
let failures: string[]

function begin(clock: Clock, quietMs: number): void {
  watching = new FileWatch({ clock, quietMs, changed: () => (changes++, wake()), failed: where => void failures.push(where) })
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-watch-'))
  file = join(folder, 'millrace.yaml')
  writeFileSync(file, 'a')
  changes = 0
  failures = []
  begin(systemClock(), 20)
})

afterEach(() => {
  watching.close()
  rmSync(folder, { recursive: true })
})

/** Does it, and waits until it was told. */
async function told(change: () => void): Promise<void> {
  const next = new Promise<void>(resolve => {
    wake = resolve
  })
  change()
  await next
}

describe('is told', () => {
  test('of a file that is written', async () => {
    watching.watch([file])
    await told(() => writeFileSync(file, 'b'))
  })

  test('of one that another is put in the place of, and of the next change to that', async () => {
    watching.watch([file])
    await told(() => {
      writeFileSync(`${file}.new`, 'b')
      renameSync(`${file}.new`, file)
    })
    await told(() => writeFileSync(file, 'c'))
  })

  test('of one that goes, and of one that comes', async () => {
    watching.watch([file, join(folder, '.env')])
    await told(() => unlinkSync(file))
    await told(() => writeFileSync(join(folder, '.env'), 'A=1'))
  })

  test('of the file that a link leads to, and of a link on the way that leads elsewhere', async () => {
    for (const name of ['one', 'two']) {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'millrace.yaml'), name)
    }
    // As a mounted volume has it: what is read is a link to a link that is put in the place of another.
    symlinkSync('one', join(folder, '..data'))
    unlinkSync(file)
    symlinkSync(join('..data', 'millrace.yaml'), file)
    watching.watch([file])
    await told(() => writeFileSync(join(folder, 'one', 'millrace.yaml'), 'other'))
    await told(() => {
      symlinkSync('two', join(folder, '..new'))
      renameSync(join(folder, '..new'), join(folder, '..data'))
    })
    watching.watch([file])
    await told(() => writeFileSync(join(folder, 'two', 'millrace.yaml'), 'other'))
  })
})

test('is not told of other files, nor of what is watched no more', async () => {
  const other = join(folder, 'other.yaml')
  watching.watch([other])
  watching.watch([file])
  await told(() => {
    writeFileSync(other, 'b')
    writeFileSync(file, 'b')
  })
  expect(changes).toBe(1)
})

test('changes that come together are one, once all is quiet', async () => {
  watching.close()
  const clock = new ManualClock()
  begin(clock, 150)
  watching.watch([file])
  const scheduled = async (): Promise<void> => {
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve))
  }
  writeFileSync(file, 'b')
  await scheduled()
  clock.advance(149)
  expect(changes).toBe(0)
  await told(() => clock.advance(1))
  expect(changes).toBe(1)
  writeFileSync(file, 'c')
  await scheduled()
  watching.close()
  clock.advance(1000)
  expect(changes).toBe(1)
})

test('a folder that cannot be watched is told, and the others are watched all the same', async () => {
  const gone = join(folder, 'gone')
  watching.watch([join(gone, 'secret'), file])
  expect(failures).toEqual([gone])
  await told(() => chmodSync(file, 0o600))
})
