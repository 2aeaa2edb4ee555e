import { parentPort, workerData } from 'node:worker_threads'
import { DecodeError } from '../decode/decode-error.ts'
import type { Row } from '../model/row.ts'
import { emptyTable, type Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import { batches, type Batch, type ToMain, type ToWorker } from './reading-messages.ts'
import { Reading } from './reading.ts'
import type { Tabulated } from './tabulate.ts'

/**
 * Reads the answers of one source on a thread of its own, where a large one holds up nobody. It keeps the table of the answer
 * before, and hands over only the rows that changed, batch by batch as they are asked for.
 */
const { options, name } = workerData as { readonly options: AnswerOptions; readonly name: string }

/** What it says goes to the log of the main thread, with the answer. */
const said: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly text: string }[] = []
const keep =
  (level: 'debug' | 'info' | 'warn' | 'error') =>
  (...args: unknown[]): void =>
    void said.push({ level, text: String(args.at(-1)) })
const log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }

const reading = new Reading(options, name, log)
/** Of the answer that was taken last; at first of a run before, while it is handed over. */
let table: Table = emptyTable('#')
let waiting: Iterator<Batch, undefined> | undefined

function answer(message: ToMain): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message)
}

/** Whether the rows stand in another order than who sets and deletes them one by one would have them in. */
function isReordered(before: Table['rows'], after: Table['rows']): boolean {
  const kept = [...before.keys()].filter(key => after.has(key))
  let at = 0
  for (const key of after.keys()) {
    if (at < kept.length && key !== kept[at]) return true
    if (at >= kept.length && before.has(key)) return true
    at++
  }
  return false
}

function take(body: Uint8Array, mediaType: string): void {
  const before = table
  const tabulated = reading.take({ body: Buffer.from(body.buffer, body.byteOffset, body.byteLength), mediaType })
  table = tabulated.table
  waiting = batches(...changesOf(tabulated, before))
  const { degraded, held, unsettled } = tabulated
  const { key, columns, kind, order } = table
  answer({
    kind: 'taken',
    isAll: tabulated.changes === 'all',
    isSame: table === before,
    table: { key, columns, kind, order },
    ...(degraded === undefined ? {} : { degraded }),
    held,
    unsettled,
    found: reading.found,
    spurious: reading.spurious,
    said: said.splice(0),
  })
}

/** Rows that are other, keys that are gone, and all keys where their order is not what these would make it. */
function changesOf({ table: { rows }, changes }: Tabulated, before: Table): [[string, Row][], string[], string[]] {
  if (changes === 'all') return [[...rows], [], []]
  const set: [string, Row][] = []
  const gone: string[] = []
  for (const key of changes.keys()) {
    const row = rows.get(key)
    if (row === undefined) gone.push(key)
  }
  // In the order of the answer, in which those that are new are appended.
  if (changes.size > 0) for (const [key, row] of rows) if (changes.has(key)) set.push([key, row])
  return [set, gone, changes.size > 0 && isReordered(before.rows, rows) ? [...rows.keys()] : []]
}

function receive(message: ToWorker): void {
  switch (message.kind) {
    case 'resume': {
      const rows = new Map([...table.rows, ...(JSON.parse(message.rows) as [string, Row][])])
      table = { ...message.table, rows }
      if (message.isLast) reading.resume(table)
      return
    }
    case 'take':
      return take(message.body, message.mediaType)
    case 'same':
      return void reading.same()
    case 'next':
      return answer({ kind: 'batch', batch: waiting?.next().value })
  }
}

parentPort?.on('message', (message: ToWorker) => {
  try {
    receive(message)
  } catch (error) {
    const isKnown = error instanceof DecodeError
    const told = isKnown ? { cause: error.kind, limit: error.limit } : {}
    answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error), said: said.splice(0), ...told })
  }
})
