import { describe, expect, test } from 'vitest'
import { breaches, importTable } from '../support/architecture.ts'
import { sourceFiles } from '../support/source-files.ts'

const source = sourceFiles('src')

/** A small sound project, into which each test plants one fault. */
const sound = {
  'src/lib/clock.ts': 'export const now = () => Date.now() + Math.random()\nexport const soon = () => setTimeout(now, 1)',
  'src/lib/log.ts': "import { pino } from 'pino'\nexport const log = pino()",
  'src/lib/say.ts': "import { log } from './log.ts'\nexport const say = () => log",
  'src/model/row.ts': 'export interface Row { readonly key: string }',
  'src/protocol/messages.ts': "import type { Row } from '../model/row.ts'\nexport interface Snapshot { readonly rows: readonly Row[] }",
  'src/protocol/schema.ts': "import { z } from 'zod'\nexport const schema = z.string()",
  'src/feed/graph.ts': "import { now } from '../lib/clock.ts'\nexport const graph = now",
  'src/source/http.ts': "import { now } from '../lib/clock.ts'\nexport const http = now",
  'src/source/http.options.ts': "import { z } from 'zod'\nexport const options = z.string()",
  'src/config/load.ts': "import { options } from '../source/http.options.ts'\nexport const load = options",
  'src/client/client.ts': "import type { Snapshot } from '../protocol/messages.ts'\nexport const client = (snapshot: Snapshot) => snapshot",
  'src/client-node.ts': "import ws from 'ws'\nexport * from './client/client.ts'\nexport const socket = ws",
  'src/server.ts': "import { graph } from './feed/graph.ts'\nimport { http } from './source/http.ts'\nexport const server = [graph, http]",
}

function broken(changes: Record<string, string>): string[] {
  return breaches(new Map(Object.entries({ ...sound, ...changes }))).map(({ rule, file, detail }) => `${rule}: ${file}: ${detail}`)
}

/** The rules that fail, and where, once `text` stands in `file`. */
function rulesBroken(file: string, text: string): string[] {
  return [...new Set(breaches(new Map(Object.entries({ ...sound, [file]: text }))).map(breach => `${breach.rule} ${breach.file}`))]
}

test('the source obeys the import table, has no cycles, no clock or chance outside lib and keeps to the house style', () => {
  expect(breaches(source)).toEqual([])
})

test('the checker reads the real source: its files, folders and imports', () => {
  expect(source.size).toBeGreaterThan(10)
  const withFault = new Map(source).set(
    'src/model/planted.ts',
    "import { systemClock } from '../lib/clock.ts'\nexport const clock = systemClock",
  )
  const detail = 'model may not import src/lib/clock.ts'
  expect(breaches(withFault)).toContainEqual({ rule: 'import table', file: 'src/model/planted.ts', detail })
})

test('a sound project has no breach', () => {
  expect(broken({})).toEqual([])
})

describe('the import table', () => {
  test.each([
    ['import', "import { graph } from '../feed/graph.ts'\nexport const x = graph"],
    ['import type', "import type { graph } from '../feed/graph.ts'\nexport type X = typeof graph"],
    ['import for effect', "import '../feed/graph.ts'\nexport const x = 1"],
    ['export from', "export { graph } from '../feed/graph.ts'\nexport const x = 1"],
    ['dynamic import', "export const x = () => import('../feed/graph.ts')"],
    ['dynamic import of a template', 'export const x = () => import(`../feed/graph.ts`)'],
    ['type import()', "export type X = import('../feed/graph.ts').Graph"],
    ['import require', "import graph = require('../feed/graph.ts')\nexport const x = graph"],
    ['a long way round', "import { graph } from '../../src/feed/graph.ts'\nexport const x = graph"],
  ])('is enforced on: %s', (_, text) => {
    expect(rulesBroken('src/source/http.ts', text)).toEqual(['import table src/source/http.ts'])
  })

  test('comments and texts are no imports', () => {
    const text =
      "// import { graph } from '../feed/graph.ts'\n/* import '../feed/graph.ts' */\nexport const x = `import '../feed/graph.ts'` + \"import('../feed/graph.ts')\""
    expect(rulesBroken('src/source/http.ts', text)).toEqual([])
  })

  const folders = Object.keys(importTable)
  test.each(folders)('lets %s import exactly what is listed', folder => {
    const taken = folders.filter(other => {
      const files = {
        [`src/${other}/one.ts`]: 'export const one = 1',
        [`src/${folder}/two.ts`]: `import { one } from '../${other}/one.ts'\nexport const two = one`,
      }
      return breaches(new Map(Object.entries(files))).length === 0
    })
    const listed = (importTable[folder] ?? []).map(name => name.replace('*', '')).filter(name => name !== 'options')
    expect(taken.sort()).toEqual([folder, ...listed].sort())
  })

  test('knows every folder', () => {
    expect(rulesBroken('src/helper/a.ts', 'export const a = 1')).toEqual(['folder src/helper/a.ts'])
    expect(rulesBroken('src/loose.ts', 'export const a = 1')).toEqual(['folder src/loose.ts'])
  })

  test('keeps the folders from what wires them', () => {
    expect(rulesBroken('src/source/http.ts', "import { server } from '../server.ts'\nexport const x = server")).toContain(
      'import table src/source/http.ts',
    )
  })

  test('lets config import options files only, and these only lib, zod and each other', () => {
    expect(rulesBroken('src/config/load.ts', "import { http } from '../source/http.ts'\nexport const x = http")).toEqual([
      'import table src/config/load.ts',
    ])
    expect(rulesBroken('src/source/http.options.ts', "import type { Row } from '../model/row.ts'\nexport type X = Row")).toEqual([
      'options src/source/http.options.ts',
    ])
    expect(rulesBroken('src/source/http.options.ts', "import { request } from 'undici'\nexport const x = request")).toEqual([
      'options src/source/http.options.ts',
    ])
  })

  test('lets React into one file', () => {
    expect(rulesBroken('src/elements/table.ts', "import { useState } from 'react'\nexport const x = useState")).toEqual([
      'import table src/elements/table.ts',
    ])
    expect(rulesBroken('src/elements/react.ts', "import { useState } from 'react'\nexport const x = useState")).toEqual([])
  })

  test('wants specifiers that name a file', () => {
    expect(rulesBroken('src/source/http.ts', "import { now } from '../lib/clock.js'\nexport const x = now")).toEqual([
      'specifier src/source/http.ts',
    ])
    expect(rulesBroken('src/dashboard/page.ts', "import './page.css?inline'\nexport const x = 1")).toEqual([])
  })
})

describe('cycles', () => {
  test('within a folder, types included', () => {
    const a = "import type { B } from './b.ts'\nexport interface A { readonly b: B }"
    const b = "import type { C } from './c.ts'\nexport interface B { readonly c: C }"
    const c = "import type { A } from './a.ts'\nexport interface C { readonly a: A }"
    expect(broken({ 'src/model/a.ts': a, 'src/model/b.ts': b, 'src/model/c.ts': c })).toEqual([
      'cycle: src/model/a.ts: src/model/a.ts > src/model/b.ts > src/model/c.ts > src/model/a.ts',
    ])
  })

  test('of a file with itself, and by lazy import', () => {
    expect(rulesBroken('src/model/row.ts', "export type Row = import('./row.ts').Row")).toEqual(['cycle src/model/row.ts'])
    const lazy = broken({
      'src/cli/a.ts': "export const a = () => import('./b.ts')",
      'src/cli/b.ts': "import { a } from './a.ts'\nexport const b = a",
    })
    expect(lazy).toEqual(['cycle: src/cli/a.ts: src/cli/a.ts > src/cli/b.ts > src/cli/a.ts'])
  })

  test('a diamond is none', () => {
    const top = "import { b } from './b.ts'\nimport { c } from './c.ts'\nexport const a = [b, c]"
    const side = "import { d } from './d.ts'\nexport const b = d\nexport const c = d"
    expect(broken({ 'src/cli/a.ts': top, 'src/cli/b.ts': side, 'src/cli/c.ts': side, 'src/cli/d.ts': 'export const d = 1' })).toEqual([])
  })
})

describe('purity', () => {
  test('of the client: no package in any file it reaches', () => {
    expect(rulesBroken('src/client/client.ts', "import { readFile } from 'node:fs'\nexport const x = readFile")).toEqual([
      'client purity src/client/client.ts',
    ])
    expect(rulesBroken('src/client/client.ts', "import type WebSocket from 'ws'\nexport type X = WebSocket")).toEqual([
      'client purity src/client/client.ts',
    ])
    expect(rulesBroken('src/client/client.ts', "import { schema } from '../protocol/schema.ts'\nexport const x = schema")).toEqual([
      'client purity src/client/client.ts',
    ])
  })

  test('of what client and dashboard take from lib', () => {
    expect(rulesBroken('src/client/client.ts', "import { now } from '../lib/clock.ts'\nexport const x = now")).toEqual([])
    expect(rulesBroken('src/dashboard/page.ts', "import { say } from '../lib/say.ts'\nexport const x = say")).toEqual([
      'import table src/dashboard/page.ts',
    ])
  })

  test('of the model', () => {
    expect(rulesBroken('src/model/row.ts', "import { createHash } from 'node:crypto'\nexport const x = createHash")).toContain(
      'model is pure src/model/row.ts',
    )
  })
})

describe('clock and chance outside lib', () => {
  test.each([
    'export const x = Date.now()',
    'export const x = Date.now',
    "export const x = Date['now']()",
    'export const x = globalThis.Date.now()',
    'const { now } = Date\nexport const x = now()',
    'export const x = new Date()',
    'export const x = new globalThis.Date()',
    'export const x = Date()',
    'export const x = performance.now()',
    'export const x = globalThis.performance',
    "import { performance } from 'node:perf_hooks'\nexport const x = performance",
    'export const x = process.hrtime.bigint()',
    'setTimeout(() => undefined, 1)\nexport const x = 1',
    'window.setTimeout(() => undefined, 1)\nexport const x = 1',
    'export const x = globalThis.setInterval',
    'export const x = { wait: setInterval }',
    'export const x = [setImmediate]',
    'const { setTimeout } = globalThis\nexport const x = setTimeout',
    "import { setTimeout as wait } from 'node:timers/promises'\nexport const x = wait",
    "import { timer } from 'rxjs'\nexport const x = timer",
    'export const x = Math.random()',
    'export const x = { random: Math.random }',
    'export const x = AbortSignal.timeout(10)',
  ])('%s', text => {
    expect(rulesBroken('src/source/planted.ts', text)).toEqual(['clock and chance src/source/planted.ts'])
    expect(rulesBroken('src/dashboard/planted.ts', text)).toEqual(['clock and chance src/dashboard/planted.ts'])
    expect(rulesBroken('src/cli/demo/planted.ts', text)).toEqual(['clock and chance src/cli/demo/planted.ts'])
    expect(rulesBroken('src/lib/planted.ts', text)).toEqual([])
  })

  test.each([
    'export const x = (clock: { now(): number }) => clock.now()',
    'export const x = new Date(0).toISOString()',
    "export const x = Date.parse('2026-01-01')",
    'export const x = Math.floor(1.5)',
    'export const x = requestAnimationFrame',
    'export const x = (socket: { setTimeout(ms: number): void }) => socket.setTimeout(0)',
    'export interface Timers { setTimeout(ms: number): void; performance: number }',
    'export const x = { performance: 1 }',
    '// Date.now() and Math.random() are told of, not called\nexport const x = "Date.now()"',
  ])('is not: %s', text => {
    expect(rulesBroken('src/source/planted.ts', text)).toEqual([])
  })
})

describe('the house style', () => {
  test.each([
    ['default export', 'export default 1'],
    ['default export', 'const a = 1\nexport { a as default }'],
    ['barrel', "export * from './http.ts'\nexport const x = 1"],
    ['barrel', "export { http } from './http.ts'"],
    ['barrel', "import { http } from './http.ts'\nexport { http }"],
    ['any', 'export const x = (a: any) => a'],
    ['any', 'export const x = [] as unknown as Array<any>'],
    ['non-null', 'export const x = (a?: number) => a!'],
    ['enum', 'export enum X { a }'],
    ['parameter property', 'export class X { constructor(private readonly a: number) {} }'],
    ['length', `export const x = 1\n${'// more\n'.repeat(300)}`],
  ])('forbids: %s', (rule, text) => {
    expect(rulesBroken('src/source/planted.ts', text)).toEqual([`${rule} src/source/planted.ts`])
  })

  test.each(['liveTable.ts', 'LiveTable.ts', 'live_table.ts', 'utils.ts', 'feed-manager.ts', 'index.ts'])('forbids the name %s', name => {
    expect(rulesBroken(`src/source/${name}`, 'export const x = 1')).toHaveLength(1)
  })

  test.each(['live-table.ts', 'top.options.ts', 'x2.ts'])('allows the name %s', name => {
    expect(rulesBroken(`src/source/${name}`, 'export const x = 1')).toEqual([])
  })

  test('lets the public face pass names on', () => {
    expect(rulesBroken('src/index.ts', "export { http } from './source/http.ts'")).toEqual([])
  })
})
