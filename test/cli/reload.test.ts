import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startMillrace } from '../support/millrace.ts'
import type { Program } from '../support/program.ts'
import { json, Upstream } from '../support/upstream.ts'

let folder: string
let upstream: Upstream
let program: Program

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'))
  upstream = await Upstream.start(json([{ id: 'a', n: 1 }]))
})

afterEach(async () => {
  await program.end()
  await upstream.close()
  rmSync(folder, { recursive: true })
})

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text)
}

const config = (more = '', source = ''): string => `sources:\n  things: {url: "${upstream.url}", key: id${source}}\n${more}`

async function serve(...args: string[]): Promise<string> {
  program = startMillrace(args, { cwd: folder })
  return (await program.says(/page +(http:\S+)\//))[1] ?? ''
}

async function health(url: string): Promise<{ readonly error?: string }> {
  return ((await (await fetch(`${url}/health`)).json()) as { config: { readonly error?: string } }).config
}

describe('a config file', () => {
  test('that is written is taken over; a bad one is told with its carets, and what was before is served', async () => {
    write('millrace.yaml', config())
    const url = await serve('run', 'millrace.yaml', '--port', '0')
    write('millrace.yaml', config('feeds:\n  few: {from: things}\n'))
    await program.says(/config loaded: added few"/)
    expect((await fetch(`${url}/feeds/few`)).status).toBe(200)
    write('millrace.yaml', config('feeds:\n  few: {frm: things}\n'))
    await program.says(
      /millrace\.yaml:4:9: feeds\.few\.frm: unknown key `frm`\n {2}4 \| {3}few: \{frm: things\}\n {4}\| {9}\^\^\^[^]*config refused/,
    )
    expect(await health(url)).toMatchObject({ error: "a problem at millrace.yaml:4:9, feeds.few.frm; the server's log tells them" })
    expect((await fetch(`${url}/feeds/few`)).status).toBe(200)
    write('millrace.yaml', config())
    await program.says(/config loaded: removed few"/)
    expect([(await fetch(`${url}/feeds/few`)).status, await health(url)]).toEqual([404, { loadedAt: expect.any(Number) as number }])
    expect(program.stdout).toBe('')
  })

  test('that goes is refused; one that comes in its place, as editors do it, is taken over', async () => {
    write('millrace.yaml', config())
    const url = await serve('run', 'millrace.yaml', '--port', '0')
    unlinkSync(join(folder, 'millrace.yaml'))
    await program.says(/the config cannot be read: there is no such file[^]*config refused/)
    expect((await fetch(`${url}/feeds/things`)).status).toBe(200)
    write('next.yaml', config('log: {level: debug}\n'))
    renameSync(join(folder, 'next.yaml'), join(folder, 'millrace.yaml'))
    await program.says(/config loaded: all feeds go on; in force: log\.level"/)
  })

  test('is read again where .env, or a file that it names, changes', async () => {
    write('.env', 'TOKEN=one\n')
    write('secret', 'x\n')
    write('millrace.yaml', config('', ', every: 50ms, demand: always, headers: {X-Token: "${TOKEN}", X-Secret: "${file:secret}"}'))
    await serve('run', 'millrace.yaml', '--port', '0')
    const asked = async (): Promise<unknown[]> => {
      const { count } = upstream
      while (upstream.count < count + 2) await new Promise(resolve => setImmediate(resolve))
      const { headers = {} } = upstream.last ?? {}
      return [headers['x-token'], headers['x-secret']]
    }
    expect(await asked()).toEqual(['one', 'x'])
    write('.env', 'TOKEN=two\n')
    await program.says(/config loaded: changed things"/)
    expect(await asked()).toEqual(['two', 'x'])
    write('secret', 'y\n')
    await program.says(/config loaded: changed things"[^]*config loaded: changed things"/)
    expect(await asked()).toEqual(['two', 'y'])
    expect(program.stderr).not.toMatch(/\b(one|two)\b/)
  })

  test('is read again at SIGHUP, and what waits for a restart is said; --port stands before what it says', async () => {
    write('millrace.yaml', config())
    await serve('run', 'millrace.yaml', '--port', '0')
    program.kill('SIGHUP')
    await program.says(/config loaded: nothing is other"/)
    write('millrace.yaml', config('server: {port: 1, heartbeat: 5s}\nlog: {level: warn}\n'))
    program.kill('SIGHUP')
    await program.says(/config loaded: all feeds go on; in force: log\.level; needs a restart: server\.heartbeat"/)
    // From here on only warnings are written.
    write('millrace.yaml', config('log: {level: warn}\nfeeds: {few: {from: thinks}}\n'))
    await program.says(/did you mean `?things/)
    expect(program.stderr.match(/config loaded/g)?.length).toBe(2)
  })
})

test('SIGHUP without a config file: one line, and it goes on', async () => {
  const url = await serve(`${upstream.url}things`, '--port', '0')
  program.kill('SIGHUP')
  await program.says(/SIGHUP: there is no config file to read again, and nothing has changed/)
  expect((await fetch(`${url}/feeds/things`)).status).toBe(200)
})
