import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderFault, SectionFolder } from '../../src/state/section-folder.ts'
import { StateError } from '../../src/state/state-error.ts'
import { RecordedLog } from '../support/http-source.ts'

let base: string
let path: string
let log: RecordedLog
const open = new Set<SectionFolder>()

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'millrace-state-'))
  path = join(base, 'state')
  log = new RecordedLog()
})

afterEach(() => {
  for (const folder of open) folder.close()
  open.clear()
  rmSync(base, { recursive: true, force: true })
})

function opened(): SectionFolder {
  const folder = new SectionFolder(path, log.logger)
  open.add(folder)
  return folder
}

function closed(folder: SectionFolder): void {
  folder.close()
  open.delete(folder)
}

const text = (payload: Buffer): string => payload.toString('utf8')
const parts = (...texts: string[]): Buffer[] => texts.map(part => Buffer.from(part))

describe('a section', () => {
  test('is read as it was written, by this run and the next; no file but its own and the lock is there', async () => {
    const folder = opened()
    await folder.write('table-a', parts('one\n', 'twö'))
    expect(folder.read('table-a', text)).toBe('one\ntwö')
    await folder.write('table-a', parts('later'))
    closed(folder)
    expect(readdirSync(path)).toEqual(['table-a.state'])
    const next = opened()
    expect([next.names(), next.read('table-a', text), next.read('table-b', text)]).toEqual([['table-a'], 'later', undefined])
    expect(log.lines).toEqual([])
  })

  test('that is removed is gone', async () => {
    const folder = opened()
    await folder.write('a', parts('x'))
    folder.remove('a')
    folder.remove('a')
    expect([folder.read('a', text), folder.names()]).toEqual([undefined, []])
  })

  test('that cannot be written leaves the one before, and nothing half made', async () => {
    const folder = opened()
    await folder.write('a', parts('before'))
    // What cannot be replaced by a file.
    mkdirSync(join(path, 'b.state'))
    writeFileSync(join(path, 'b.state', 'x'), '')
    await expect(folder.write('b', parts('after'))).rejects.toThrow('EISDIR')
    expect(folder.read('a', text)).toBe('before')
    expect(readdirSync(path).filter(file => file.endsWith('.tmp'))).toEqual([])
  })

  test('that a run was writing when it was killed is no section', () => {
    mkdirSync(path)
    writeFileSync(join(path, 'a.state.tmp'), 'half of')
    const folder = opened()
    expect([folder.names(), folder.read('a', text), existsSync(join(path, 'a.state.tmp'))]).toEqual([[], undefined, false])
  })
})

describe('a file that is of no use is set aside, in one line, and the server goes on', () => {
  const good = `{"millrace":"state","format":1,"section":"a","length":1,"checksum":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}\nx`

  test.each([
    ['torn in its payload', good.slice(0, -1), 'it is torn: 0 bytes of 1'],
    ['torn in its first line', good.slice(0, 40), 'it is no file of Millrace, or torn'],
    ['empty', '', 'it is no file of Millrace, or torn'],
    ['longer than it says', `${good}x`, 'it is torn: 2 bytes of 1'],
    ['with another byte', good.replace(/x$/, 'y'), 'its checksum is wrong'],
    ['of another format', good.replace('"format":1', '"format":2'), 'it is of format 2, not 1'],
    ['of another section', good.replace('"section":"a"', '"section":"b"'), 'it holds another section'],
    ['foreign', 'PK\u0003\u0004 not ours\n', 'it is no file of Millrace, or torn'],
    ['other JSON', '{"a":1}\nx', 'it is no file of Millrace, or torn'],
    ['null', 'null\nx', 'it is no file of Millrace, or torn'],
  ])('%s', (_, file, why) => {
    mkdirSync(path)
    writeFileSync(join(path, 'a.state'), file)
    const folder = opened()
    expect(folder.read('a', text)).toBeUndefined()
    expect(log.lines).toEqual([`warn: state: 'a.state' is set aside as 'a.state.bad-1': ${why}`])
    expect(readFileSync(join(path, 'a.state.bad-1'), 'utf8')).toBe(file)
    expect([folder.read('a', text), folder.names(), folder.setAside, log.lines.length]).toEqual([undefined, [], 1, 1])
  })

  test('the sound one among them is read', () => {
    mkdirSync(path)
    writeFileSync(join(path, 'a.state'), good)
    expect(opened().read('a', text)).toBe('x')
  })

  test('so is one whose content makes no sense to who reads it', async () => {
    const folder = opened()
    await folder.write('a', parts('x'))
    const read = folder.read('a', () => {
      throw new SyntaxError('no JSON')
    })
    expect([read, folder.names()]).toEqual([undefined, []])
    expect(log.lines).toEqual(["warn: state: 'a.state' is set aside as 'a.state.bad-1': it cannot be used (no JSON)"])
  })

  test('of them five are kept', () => {
    const folder = opened()
    for (let i = 1; i <= 8; i++) {
      writeFileSync(join(path, 'a.state'), `bad ${i}`)
      folder.read('a', text)
    }
    expect(readdirSync(path).filter(file => file.includes('.bad-'))).toEqual([4, 5, 6, 7, 8].map(i => `a.state.bad-${i}`))
  })
})

describe('a folder is used by one process', () => {
  function refusal(): string {
    try {
      opened()
    } catch (error) {
      return error instanceof StateError ? error.message : `no StateError: ${String(error)}`
    }
    return 'none'
  }

  test('which is named, with the mend', () => {
    mkdirSync(path)
    writeFileSync(join(path, 'lock'), `${process.ppid}\n`)
    expect(refusal()).toBe(
      `state folder '${path}' is in use by process ${process.ppid}: stop that one, or give each server a folder of its own.`,
    )
    expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(`${process.ppid}\n`)
  })

  test('and there by one server', () => {
    const folder = opened()
    expect(refusal()).toContain(`in use by process ${process.pid}`)
    closed(folder)
    expect(existsSync(join(path, 'lock'))).toBe(false)
    opened()
  })

  test.each([
    ['a dead process', '999999999\n', 'process 999999999 ended without giving the folder back; it is taken over'],
    ['one of the number that this one has, as in a container', `${process.pid} another boot\n`, `process ${process.pid} ended`],
    ['one of a number that another one has by now', `${process.ppid} another-boot 1\n`, `process ${process.ppid} ended`],
  ])('it is taken over from %s', (_, lock, said) => {
    mkdirSync(path)
    writeFileSync(join(path, 'lock'), lock)
    opened()
    expect(log.lines).toHaveLength(1)
    expect(log.lines[0]).toContain(said)
    expect(readdirSync(path)).toEqual(['lock'])
  })

  test.skipIf(!existsSync('/proc/self/stat'))('it is taken over from one that ended while nobody takes note of it', async () => {
    // Who has become another program waits for no child of the one before.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 20'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const [told] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(text(told))
      while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate)
      mkdirSync(path)
      writeFileSync(join(path, 'lock'), `${pid}\n`)
      opened()
      expect(log.lines[0]).toContain(`process ${pid} ended`)
    } finally {
      parent.kill()
    }
  })

  test('a lock that says nothing is no lock', () => {
    mkdirSync(path)
    writeFileSync(join(path, 'lock'), '')
    opened()
    expect(readFileSync(join(path, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
  })

  test('that cannot be is said in one sentence', () => {
    writeFileSync(path, 'a file')
    expect(refusal()).toBe(`state folder '${path}' cannot be used: it is a file; make it writable, or choose another with state.`)
    path = join(path, 'below')
    expect(refusal()).toContain('part of the path is a file')
  })
})

describe('what check says of a folder', () => {
  test('nothing where it is, or can be made', () => {
    expect([folderFault(base), folderFault(join(base, 'a/b/c'))]).toEqual([undefined, undefined])
    expect(existsSync(join(base, 'a'))).toBe(false)
  })

  test('that it is a file, or below one', () => {
    writeFileSync(path, '')
    expect([folderFault(path), folderFault(join(path, 'x'))]).toEqual(['it is a file', 'part of the path is a file'])
  })

  test.skipIf(process.getuid?.() === 0)('that this process may not write there', () => {
    mkdirSync(path)
    chmodSync(path, 0o500)
    expect(folderFault(join(path, 'x'))).toBe('this process may not write there')
    chmodSync(path, 0o700)
  })
})
