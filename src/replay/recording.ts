import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { formatSize } from '../lib/unit.ts'
import { decodeRecord, firstLine, formatVersion, longestRecord, noBytes } from './format.ts'
import type { ConfigRecord, Decoded, DocumentRecord, ExchangeRecord, FileRecord, StreamEndRecord, StreamRecord } from './format.ts'
import { Timeline, type Asked, type Kept } from './timeline.ts'

/** A file is no recording, or cannot be read. The message names no path. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
}

/** An answer as it was recorded. */
export type Answer =
  | { readonly kind: 'exchange'; readonly record: ExchangeRecord; readonly body: Buffer }
  | {
      readonly kind: 'stream'
      readonly record: StreamRecord
      /** When each chunk came, ms since the beginning of the recording. */
      readonly chunks: readonly { readonly at: number; readonly bytes: () => Buffer }[]
      /** Undefined: it went on when the recording ended. */
      readonly end: StreamEndRecord | undefined
    }

/** A recording that is looked into: what it holds is known, bodies are read when they are asked for. */
export class Recording {
  readonly config: ConfigRecord
  /** How long it is, in ms. */
  readonly lengthMs: number
  /** Bytes at its end that are no whole record: whoever recorded was killed. */
  readonly tornBytes: number
  readonly #file: number
  /** Of the file when it was opened. */
  readonly #bytes: number
  /** Where each record begins, by its number. */
  readonly #places: number[] = []
  readonly #timelines = new Map<string, Timeline>()
  /** Of what was found on the machine, by source. */
  readonly #documents = new Map<string, Timeline>()
  readonly #chunks = new Map<number, { readonly at: number; readonly record: number }[]>()
  readonly #ends = new Map<number, StreamEndRecord>()

  /** @throws RecordingError */
  constructor(path: string) {
    this.#file = opened(path)
    this.#bytes = fstatSync(this.#file).size
    try {
      const config = this.#begin()
      this.config = config
      const { lengthMs, readBytes } = this.#index()
      this.lengthMs = lengthMs
      this.tornBytes = this.#bytes - readBytes
    } catch (error) {
      closeSync(this.#file)
      throw error
    }
  }

  /** The sources that asked something. */
  get sources(): ReadonlySet<string> {
    const asked = [...this.#timelines.keys()].map(key => (JSON.parse(key) as readonly string[])[0] ?? '')
    return new Set([...asked, ...this.#documents.keys()])
  }

  /** How many requests, and looks for documents, it holds. */
  get requests(): number {
    return [...this.#timelines.values(), ...this.#documents.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** The answer to such a request that is nearest in time; undefined: there was none. */
  find(asked: Asked): Answer | undefined {
    const timeline = this.#timelines.get(keyOf(asked)) ?? this.#timelines.get(keyOf({ ...asked, authorized: !asked.authorized }))
    const kept = timeline?.find(asked)
    return kept === undefined ? undefined : this.#answer(kept.record)
  }

  /** The look for a source's document that is nearest in time; undefined: there was none. */
  findDocument(source: string, at: number): { readonly record: DocumentRecord; readonly body: Buffer } | undefined {
    const kept = this.#documents.get(source)?.find({ at })
    if (kept === undefined) return undefined
    const { record, bytes } = this.#read(kept.record)
    if (record.kind !== 'document') throw new RecordingError(`record ${kept.record} is no document`)
    return { record, body: record.bodyOf === undefined ? bytes : this.#read(record.bodyOf).bytes }
  }

  close(): void {
    closeSync(this.#file)
  }

  #answer(number: number): Answer {
    const { record, bytes } = this.#read(number)
    if (record.kind === 'stream') {
      const chunks = (this.#chunks.get(record.id) ?? []).map(({ at, record: of }) => ({ at, bytes: () => this.#read(of).bytes }))
      return { kind: 'stream', record, chunks, end: this.#ends.get(record.id) }
    }
    if (record.kind !== 'exchange') throw new RecordingError(`record ${number} is no answer`)
    return { kind: 'exchange', record, body: record.bodyOf === undefined ? bytes : this.#read(record.bodyOf).bytes }
  }

  #begin(): ConfigRecord {
    const line = bytesAt(this.#file, 0, 40).toString('latin1')
    const [first, version] = /^millrace recording (\d{1,9})\n/.exec(line) ?? []
    if (first === undefined) throw new RecordingError('it is no recording: millrace record makes them')
    if (Number(version) !== formatVersion)
      throw new RecordingError(
        `its form has the version ${version}, and this millrace reads ${formatVersion}: replay it by the millrace that recorded it`,
      )
    const config = this.#next(firstLine.length)?.record
    if (config?.kind !== 'config') throw new RecordingError('it was broken off before anything was recorded')
    return config
  }

  #index(): { readonly lengthMs: number; readonly readBytes: number } {
    let place = firstLine.length
    let lengthMs = 0
    for (let next = this.#next(place); next !== undefined; next = this.#next(place)) {
      const number = this.#places.push(place) - 1
      lengthMs = Math.max(lengthMs, this.#note(next.record, number))
      place = next.end
    }
    return { lengthMs, readBytes: place }
  }

  /** @returns when it ended */
  #note(record: FileRecord, number: number): number {
    switch (record.kind) {
      case 'config':
        return 0
      case 'exchange':
        this.#keep(record, number)
        return record.at + record.endMs
      case 'stream':
        this.#keep(record, number)
        this.#chunks.set(record.id, [])
        return record.at
      case 'chunk':
        this.#chunks.get(record.of)?.push({ at: record.at, record: number })
        return record.at
      case 'document': {
        let documents = this.#documents.get(record.source)
        if (documents === undefined) this.#documents.set(record.source, (documents = new Timeline()))
        documents.add({ at: record.at, record: number, status: undefined, etag: undefined, modified: undefined })
        return record.at + record.endMs
      }
      case 'streamEnd':
        this.#ends.set(record.of, record)
        return 0
      case 'stop':
        return record.at
    }
  }

  #keep(record: ExchangeRecord | StreamRecord, number: number): void {
    const key = keyOf({ ...record, authorized: record.authorized === true })
    let timeline = this.#timelines.get(key)
    if (timeline === undefined) this.#timelines.set(key, (timeline = new Timeline()))
    const { at, status, headers = {} } = record
    const validator = (name: string): string | undefined => (headers[name] === undefined ? undefined : String(headers[name]))
    timeline.add({ at, record: number, status, etag: validator('etag'), modified: validator('last-modified') } satisfies Kept)
  }

  /** The record that begins at a place, and where the next one does; undefined: it is not whole. @throws RecordingError */
  #next(place: number): (Decoded & { readonly end: number }) | undefined {
    const head = bytesAt(this.#file, place, 4)
    if (head.byteLength < 4) return undefined
    const length = head.readUInt32BE(0)
    const end = place + 4 + length
    if (length > longestRecord) throw damaged(place)
    if (end > this.#bytes) return undefined
    try {
      return { ...decodeRecord(bytesAt(this.#file, place + 4, length)), end }
    } catch {
      // At the very end it may have been written in part, though the file is as long.
      if (end === this.#bytes) return undefined
      throw damaged(place)
    }
  }

  #read(number: number): Decoded {
    const place = this.#places[number]
    const found = place === undefined ? undefined : this.#next(place)
    if (found === undefined) throw new RecordingError(`record ${number}, which is named in it, is not there`)
    return found
  }
}

function damaged(place: number): RecordingError {
  return new RecordingError(`it is damaged ${formatSize(place)} from its beginning`)
}

function keyOf({ source, purpose, method, url, authorized }: Omit<Asked, 'at'>): string {
  return JSON.stringify([source, purpose, method, url, authorized])
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new RecordingError(code === 'ENOENT' ? 'there is no such file' : message)
  }
}

/** Fewer where the file ends before. @throws RecordingError where it cannot be read, as a folder cannot */
function bytesAt(file: number, place: number, length: number): Buffer {
  const bytes = length === 0 ? noBytes : Buffer.alloc(length)
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, place))
  } catch (error) {
    throw new RecordingError((error as Error).message)
  }
}
