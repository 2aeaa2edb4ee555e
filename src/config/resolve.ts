import { resolve } from 'node:path'
import { z } from 'zod'
import { text } from '../lib/option.ts'
import { authConfig } from './auth-section.ts'
import { boardConfigs } from './board-section.ts'
import { budgetConfigs, checkBudgets } from './budget-section.ts'
import type { Config } from './config.ts'
import { checkLists } from './each-section.ts'
import { isRecord, valueAt, type Finding, type Report } from './finding.ts'
import { Judge } from './judge.ts'
import { limitsOptions, limitsSchema } from './limits.options.ts'
import { checkParams } from './params-section.ts'
import { logOptions, logSchema } from './log.options.ts'
import { serverOptions, serverSchema } from './server.options.ts'
import { tableConfigs } from './tables.ts'
import { testConfigs } from './test-section.ts'
import type { Tree } from './tree.ts'

/** The sections of a config; what each holds is judged by its own part. */
export const configSchema = z.strictObject({
  server: z.unknown().optional(),
  auth: z.unknown().optional(),
  limits: z.unknown().optional(),
  log: z.unknown().optional(),
  budgets: z.unknown().optional(),
  state: text('the path of a folder').optional(),
  defaults: z.unknown().optional(),
  sources: z.unknown().optional(),
  feeds: z.unknown().optional(),
  tests: z.unknown().optional(),
  boards: z.unknown().optional(),
})

export interface Resolved {
  /** Undefined where there are findings. */
  readonly config?: Config
  readonly findings: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Where a config is. */
export interface Surroundings {
  /** From which relative paths are meant. */
  readonly folder: string
  /** Throws when it cannot. */
  readonly readFile: (path: string) => string
}

/** From plain values to a config, or to all that is wrong with them. */
export function resolveConfig(tree: Tree, { folder, readFile }: Surroundings): Resolved {
  const findings: Finding[] = []
  const warnings: Finding[] = []
  const judge = new Judge(
    tree,
    finding => findings.push(finding),
    path => readFile(resolve(folder, path)),
  )
  const config = isRecord(tree.value) ? judged(judge, folder, finding => warnings.push(finding)) : undefined
  if (!isRecord(tree.value)) findings.push({ path: [], at: 'value', expected: 'a map with `sources` and `feeds`' })
  return config === undefined || findings.length > 0 ? { findings, warnings } : { config: freeze(config), findings, warnings }
}

function judged(judge: Judge, folder: string, warn: Report): Config | undefined {
  const top = judge.check(configSchema, judge.tree.value, [])
  const server = part(judge, 'server', serverSchema)
  const limits = part(judge, 'limits', limitsSchema)
  const log = part(judge, 'log', logSchema)
  const auth = authConfig(judge, warn)
  checkExposure(judge, warn)
  const budgets = budgetConfigs(judge)
  const { sources, feeds, columnsOf } = tableConfigs(judge, folder, warn)
  checkBudgets(judge, sources)
  checkLists(judge, { sources, feeds, columnsOf })
  checkParams(judge, sources, feeds)
  const boards = boardConfigs(judge, columnsOf)
  if (top === undefined || server === undefined || limits === undefined || log === undefined) return undefined
  const asked = auth === undefined ? {} : { auth }
  const state = top.state === undefined ? {} : { state: resolve(folder, top.state) }
  const parts = {
    server: serverOptions(server),
    limits: limitsOptions(limits),
    log: logOptions(log),
    budgets,
    sources,
    feeds,
    boards,
    tests: testConfigs(judge),
  }
  return { ...parts, ...asked, ...state }
}

/** A section with fixed keys; without it, or with nothing in it, its defaults. */
function part<S extends z.ZodType>(judge: Judge, name: string, schema: S): z.output<S> | undefined {
  return judge.check(schema, valueAt(judge.tree.value, [name]) ?? {}, [name])
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}

/** Whoever reaches a server that asks for no token reads everything: beyond this machine only where that is said aloud. */
function checkExposure(judge: Judge, warn: Report): void {
  const path = ['server', 'host']
  const host = valueAt(judge.tree.value, path)
  if (typeof host !== 'string' || host === '' || isLoopback(host)) return
  const auth = valueAt(judge.tree.value, ['auth'])
  if (auth !== undefined && auth !== 'none') return
  const exposed = `${judge.tree.found(path)} can be reached from other machines and whoever reaches it may read every feed`
  if (auth === 'none') warn({ path, at: 'value', message: exposed, hint: '`auth: none` says that this is meant' })
  else
    judge.report({
      path,
      at: 'value',
      message: exposed,
      hint: 'ask for tokens: `auth: {tokens: [..]}`, or say that it is meant: `auth: none` at the top level',
    })
}

/** Plain objects, lists and what is in Maps; a Map itself is read-only by its type. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const members: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value)
  Object.freeze(value)
  for (const member of members) freeze(member)
  return value
}
