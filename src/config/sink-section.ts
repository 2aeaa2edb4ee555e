import type { z } from 'zod'
import { fingerprint } from '../lib/fingerprint.ts'
import { suggest } from '../lib/suggest.ts'
import { alertmanagerOptions, messageColumns, webhookOptions, type SinkOptions } from '../sink/sink.options.ts'
import { checkTemplate } from './expression-check.ts'
import { isRecord, printPath, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkRead, readsOfLabels } from './reads.ts'
import type { Columns } from './step-columns.ts'

/** The options of each sink that has some, by its name. */
export const sinkSchemas = { webhook: webhookOptions, alertmanager: alertmanagerOptions } as const satisfies Readonly<
  Record<string, z.ZodType>
>

const plainSink = 'log'
const sinkNames = [plainSink, ...Object.keys(sinkSchemas)]

/** The sinks of a feed. What is wrong with them is reported; of a sink that is none nothing is returned. */
export function sinkConfigs(judge: Judge, written: unknown, path: Path, columns: Columns): readonly SinkOptions[] {
  if (written === undefined || written === null) return []
  if (!Array.isArray(written)) {
    judge.report({ path, at: 'value', expected: 'a list of sinks, `- log` or `- name: options`' })
    return []
  }
  const first = new Map<string, number>()
  return written.flatMap((item: unknown, index) => {
    const before = first.get(fingerprint(item)) ?? index
    first.set(fingerprint(item), before)
    if (before < index)
      judge.report({ path: [...path, index], at: 'value', message: `the same as ${printPath(path)}[${before}], which is told already` })
    return sinkConfig(judge, item, [...path, index], columns) ?? []
  })
}

function sinkConfig(judge: Judge, item: unknown, path: Path, columns: Columns): SinkOptions | undefined {
  if (item === plainSink) return { kind: 'log' }
  const names = isRecord(item) ? Object.keys(item) : []
  const [kind, second] = names
  if (!isRecord(item) || kind === undefined || second !== undefined) {
    const found = second === undefined ? {} : { found: names.join(' and ') }
    judge.report({ path, at: 'value', expected: `one sink: ${sinkNames.join(', ')}`, ...found })
    return undefined
  }
  if (kind === 'webhook') return webhook(judge, item[kind], [...path, kind])
  if (kind === 'alertmanager') return alertmanager(judge, item[kind], [...path, kind], columns)
  const best = suggest(kind, sinkNames)
  const hint = best === undefined ? `known sinks: ${sinkNames.join(', ')}` : `did you mean \`${best}\`?`
  const message = kind === plainSink ? '`log` has no options: write `- log`' : `unknown sink \`${kind}\``
  judge.report({ path: [...path, kind], at: 'name', message, ...(kind === plainSink ? {} : { hint }) })
  return undefined
}

function webhook(judge: Judge, written: unknown, path: Path): SinkOptions | undefined {
  const options = check(judge, webhookOptions, written, path)
  if (options === undefined) return undefined
  checkBody(judge, options.body, [...path, 'body'])
  return { kind: 'webhook', options }
}

/** A URL is enough to begin. */
function check<S extends z.ZodType>(judge: Judge, schema: S, written: unknown, path: Path): z.output<S> | undefined {
  return typeof written === 'string' ? judge.check(schema, { url: written }, path, () => path) : judge.check(schema, written, path)
}

/** The texts in it are templates over a message. */
function checkBody(judge: Judge, written: unknown, path: Path): void {
  if (typeof written === 'string') checkTemplate(judge, written, path, messageColumns)
  else if (Array.isArray(written)) for (const [index, item] of written.entries()) checkBody(judge, item, [...path, index])
  else if (isRecord(written)) for (const [name, member] of Object.entries(written)) checkBody(judge, member, [...path, name])
}

function alertmanager(judge: Judge, written: unknown, path: Path, columns: Columns): SinkOptions | undefined {
  const options = check(judge, alertmanagerOptions, written, path)
  if (options === undefined) return undefined
  for (const read of readsOfLabels(options, path)) checkRead(judge, read, columns.names)
  return { kind: 'alertmanager', options }
}
