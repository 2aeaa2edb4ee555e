import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { DecodeError } from '../decode/decode-error.ts'
import type { Payload } from '../decode/payload.ts'
import type { Logger } from '../lib/log.ts'
import { outside } from '../lib/outside-work.ts'
import type { Row } from '../model/row.ts'
import { emptyTable, noChanges, type Table } from '../model/table.ts'
import type { AnswerOptions } from './answer.options.ts'
import { PollError } from './failure.ts'
import { rowTexts, type Batch, type Said, type ToMain, type ToWorker } from './reading-messages.ts'
import type { Spurious } from './spurious-changes.ts'
import type { Tabulated } from './tabulate.ts'

type Taken = Extract<ToMain, { readonly kind: 'taken' }>

/** The answers of one source, read on another thread; the table is kept on this one too, and changed all at once. */
export class RemoteReading {
  readonly #options: AnswerOptions
  readonly #name: string
  readonly #log: Logger
  #worker: Worker | undefined
  #table: Table | undefined
  #degraded: Tabulated['degraded']
  /** How rows and key were found, and what changes said nothing new. */
  told: { readonly found: string; readonly spurious: Spurious } = { found: '', spurious: { count: 0 } }

  /** `table`: of the answer before, from which it goes on. */
  constructor(options: AnswerOptions, name: string, log: Logger, table: Table | undefined) {
    this.#options = options
    this.#name = name
    this.#log = log
    this.#table = table
  }

  /** The same answer as the one taken last. */
  same(): Tabulated {
    if (this.#worker !== undefined) post(this.#worker, { kind: 'same' })
    const degraded = this.#degraded === undefined ? {} : { degraded: this.#degraded }
    return this.#tabulated(noChanges, { held: false, unsettled: false, ...degraded })
  }

  /** @throws DecodeError when it cannot be made into rows; PollError where the thread ended, or was ended by the signal. Nothing is changed then */
  take(payload: Payload, signal: AbortSignal): Promise<Tabulated> {
    return outside(this.#take(payload, signal))
  }

  async #take({ body, mediaType }: Payload, signal: AbortSignal): Promise<Tabulated> {
    try {
      const worker = await this.#running(signal)
      const copy = new Uint8Array(body)
      const answer = await ask(worker, { kind: 'take', body: copy, mediaType }, signal, [copy.buffer])
      if (answer.kind === 'failed') throw this.#failure(answer)
      if (answer.kind !== 'taken') throw new Error(`'${answer.kind}' was not asked for`)
      return await this.#receive(worker, answer, signal)
    } catch (error) {
      // Whatever it holds now is not what is held here.
      if (!(error instanceof DecodeError)) this.close()
      throw error
    }
  }

  close(): void {
    void this.#worker?.terminate()
    this.#worker = undefined
  }

  /** A thread that goes on from the table; a new one where there is none any more. */
  async #running(signal: AbortSignal): Promise<Worker> {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(threadFile(), { workerData: { options: this.#options, name: this.#name } })
    worker.unref()
    this.#worker = worker
    worker.on('error', error => this.#log.error({ source: this.#name, err: error }, `source '${this.#name}': a fault within its thread`))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    if (this.#table !== undefined) await handOver(worker, this.#table, signal)
    return worker
  }

  async #receive(worker: Worker, taken: Taken, signal: AbortSignal): Promise<Tabulated> {
    const before = this.#table?.rows ?? new Map<string, Row>()
    const rows = taken.isAll || taken.isSame ? new Map<string, Row>() : new Map(before)
    const changes = new Map<string, Row | undefined>()
    const ordered = new Map<string, Row>()
    for (let batch = await nextBatch(worker, signal); batch !== undefined; batch = await nextBatch(worker, signal)) {
      for (const key of batch.gone) {
        changes.set(key, before.get(key))
        rows.delete(key)
      }
      for (const [key, row] of JSON.parse(batch.set) as readonly [string, Row][]) {
        changes.set(key, before.get(key))
        rows.set(key, row)
      }
      for (const key of batch.order) {
        const row = rows.get(key)
        if (row !== undefined) ordered.set(key, row)
      }
    }
    const { found, spurious } = taken
    this.told = { found, spurious }
    this.#say(taken.said)
    if (!taken.held) this.#degraded = taken.degraded
    const isSame = taken.isSame && this.#table !== undefined
    if (!isSame) this.#table = { ...taken.table, rows: ordered.size > 0 ? ordered : rows }
    return this.#tabulated(isSame ? noChanges : taken.isAll ? 'all' : changes, taken)
  }

  #tabulated(changes: Tabulated['changes'], { held, unsettled, degraded }: Pick<Taken, 'held' | 'unsettled' | 'degraded'>): Tabulated {
    const table = this.#table ?? emptyTable('#')
    return { table, changes, held, unsettled, ...(degraded === undefined ? {} : { degraded }) }
  }

  #failure({ cause, message, limit, said }: Extract<ToMain, { readonly kind: 'failed' }>): Error {
    this.#say(said)
    return cause === undefined ? new Error(message) : new DecodeError(cause, message, limit)
  }

  #say(said: readonly Said[]): void {
    for (const { level, text } of said) this.#log[level]({ source: this.#name }, text)
  }
}

/** Built, it lies beside this file; where this runs from its source, in dist/: a thread cannot read TypeScript. */
function threadFile(): URL {
  const beside = new URL('./reading-worker.js', import.meta.url)
  return existsSync(beside) ? beside : new URL('../../dist/source/reading-worker.js', import.meta.url)
}

function post(worker: Worker, message: ToWorker, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer)
}

/** Tells a thread of the table from which it goes on, in a turn of the loop for each batch of rows. */
async function handOver(worker: Worker, { rows, ...table }: Table, signal: AbortSignal): Promise<void> {
  const texts = rowTexts(rows)
  for (let next = texts.next(), isLast = false; !isLast;) {
    const following = texts.next()
    isLast = following.done === true
    post(worker, { kind: 'resume', table, rows: next.value ?? '[]', isLast })
    await nextBatch(worker, signal)
    next = following
  }
}

async function nextBatch(worker: Worker, signal: AbortSignal): Promise<Batch | undefined> {
  const answer = await ask(worker, { kind: 'next' }, signal)
  if (answer.kind === 'batch') return answer.batch
  throw new Error(answer.kind === 'failed' ? answer.message : `'${answer.kind}' was not asked for`)
}

/** @throws PollError where the thread ends instead of answering, or the signal is aborted before */
function ask(worker: Worker, message: ToWorker, signal: AbortSignal, transfer: ArrayBuffer[] = []): Promise<ToMain> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      worker.off('message', onMessage)
      worker.off('exit', onExit)
      signal.removeEventListener('abort', onAbort)
      outcome()
    }
    const onMessage = (answer: ToMain): void => settle(() => resolve(answer))
    const onExit = (): void => settle(() => reject(new PollError('internal', 'the thread that reads its answers ended')))
    const onAbort = (): void => settle(() => reject(new PollError('timeout', 'its answer was not read in time')))
    if (signal.aborted) return reject(new PollError('timeout', 'its answer was not read in time'))
    worker.on('message', onMessage)
    worker.on('exit', onExit)
    signal.addEventListener('abort', onAbort, { once: true })
    post(worker, message, transfer)
  })
}
