import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import { run } from '../support/program.ts'
import { json, Upstream } from '../support/upstream.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(root, 'docs/typescript.md'), 'utf8')
const [config = '', operators = '', client = '', embedded = ''] = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = '']) => block)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-typescript-'))
  mkdirSync(join(folder, 'node_modules'))
  for (const name of ['rxjs', 'zod', 'ws', 'typescript', '@types'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  symlinkSync(root, join(folder, 'node_modules/millrace'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function write(file: string, written: string): void {
  writeFileSync(join(folder, file), written)
}

test('the programs shown are right by the compiler', async () => {
  write('package.json', '{"type": "module"}')
  write('millrace.config.ts', config)
  write('operators.config.ts', operators)
  write('client.ts', `${client}\n// @ts-expect-error it has no such column\nmillrace.feed('regions').subscribe(([row]) => row?.docks)\n`)
  write('embedded.ts', embedded)
  const options = { strict: true, target: 'es2023', lib: ['es2023'], module: 'nodenext', types: ['node'], noEmit: true, skipLibCheck: true }
  write('tsconfig.json', JSON.stringify({ compilerOptions: { ...options, allowImportingTsExtensions: true }, include: ['*.ts'] }))
  const compiled = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { cwd: folder })
  expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('the config shown is checked, served, read again, and told where it is wrong', async () => {
  const rows = (...bikes: readonly number[]): string =>
    JSON.stringify({ data: { stations: bikes.map((n, i) => ({ station_id: `s${i}`, region_id: `r${i % 2}`, num_bikes_available: n })) } })
  const upstream = await Upstream.start(json(JSON.parse(rows(0, 2, 3))))
  const env = { STATIONS_URL: upstream.url }
  write('operators.config.ts', operators)
  write('limits.ts', 'export const limit = 20\n')
  write('millrace.config.ts', `import { limit } from './limits.ts'\n${config.replace('limit: 20', 'limit: limit')}`)
  for (const file of ['millrace.config.ts', 'operators.config.ts'])
    expect(await runMillrace(['check', file], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${file} is valid`),
    })
  const program = startMillrace(['run', 'millrace.config.ts', '--port', '0'], { cwd: folder, env })
  try {
    const [, url = ''] = await program.says(/page +(http:\S+)\//)
    const rowsOf = async (feed: string): Promise<unknown> =>
      ((await (await fetch(`${url}/feeds/${feed}`)).json()) as { rows: unknown }).rows
    expect(await rowsOf('empty')).toEqual([{ station_id: 's0', region_id: 'r0', num_bikes_available: 0 }])
    expect(await rowsOf('regions')).toEqual([
      { region_id: 'r0', bikes: 3, stations: 2 },
      { region_id: 'r1', bikes: 2, stations: 1 },
    ])
    expect(await rowsOf('low')).toMatchObject([
      { key: 'r0', state: 'pending', text: 'r0 has 3' },
      { key: 'r1', state: 'pending', text: 'r1 has 2' },
    ])
    write('limits.ts', "export const limit = '20'\n")
    await program.says(/millrace\.config\.ts:\d+:\d+: feeds\.empty\.steps\[1\]\.top\.limit: expected a whole number from 1; found "20"/)
    await program.says(/config refused: the one before stays in force/)
    expect(await rowsOf('empty')).toHaveLength(1)
    write('limits.ts', 'export const limit = 1\n')
    await program.says(/config loaded: changed [^"]*empty/)
    write('limits.ts', 'export const limit = (\n')
    await program.says(/limits\.ts:2:1: it is no TypeScript: Unexpected token/)
    expect(program.stdout).toBe('')
  } finally {
    await program.end()
    await upstream.close()
  }
})
