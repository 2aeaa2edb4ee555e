import { composedKeyColumn } from '../model/key.ts'
import type { AnswerOptions } from '../source/answer.options.ts'
import { systemColumns } from '../source/system.options.ts'
import type { SourceConfig } from './config.ts'
import { isRecord } from './finding.ts'
import type { Columns } from './step-columns.ts'

/** The columns of a source, as far as they are known before it is asked. */
export function sourceColumns(source: SourceConfig): Columns {
  switch (source.kind) {
    case 'system': {
      const names = systemColumns[source.system.part]
      return { names, key: names[0] }
    }
    case 'http': {
      // What tells its members is a column too, and which one is the key depends on what they answer.
      if (source.each !== undefined) return {}
      return answerColumns(source.http, source.http.events !== undefined || source.http.message !== undefined)
    }
    case 'file': {
      // It may be a folder, now or later: each row then says its file, which is of the key too.
      const { names } = answerColumns(source.file)
      return names === undefined ? {} : { names: [...new Set(['file', ...names])] }
    }
    case 'exec':
      return answerColumns(source.exec)
    case 'webSocket':
      return answerColumns(source.webSocket, true)
    default:
      return source satisfies never
  }
}

/**
 * Known are the groups of a pattern, and what a schema allows that allows nothing else; of the key what is written. Rows that are pushed
 * one by one need not meet a schema.
 */
function answerColumns({ pattern, shape, key = [], index }: Written, isPushed = false): Columns {
  const own = pattern === undefined ? allowed(isPushed ? 'any' : shape) : groupsOf(pattern)
  const [only] = key.length === 1 ? key : []
  return {
    ...(own === undefined ? {} : { names: [...new Set([...own, ...key, ...(index ? ['index'] : []), composedKeyColumn])] }),
    ...(only === undefined ? {} : { key: only }),
  }
}

type Written = Pick<AnswerOptions, 'pattern' | 'shape' | 'key' | 'index'>

function groupsOf({ source }: RegExp): readonly string[] {
  return [...source.matchAll(/\(\?<([^=!>][^>]*)>/g)].map(([, name = '']) => name)
}

/** What a JSON Schema may have beside `properties` without allowing further ones. */
const plainKeys = /^(\$schema|\$id|\$comment|title|description|examples|default|type|items|properties|required|additionalProperties)$/

function allowed(shape: AnswerOptions['shape']): readonly string[] | undefined {
  if (typeof shape === 'string') return undefined
  const { items } = shape
  const row = shape['type'] === 'array' && isRecord(items) ? { ...shape, ...items } : shape
  const { properties, additionalProperties } = row
  if (additionalProperties !== false || !isRecord(properties)) return undefined
  return Object.keys(row).every(key => plainKeys.test(key)) ? Object.keys(properties) : undefined
}
