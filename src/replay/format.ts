import { deflate, inflateSync } from 'node:zlib'
import { promisify } from 'node:util'
import type { Cause } from '../model/freshness.ts'
import type { Purpose } from '../source/taps.ts'

/** Of the form below; another one is another number. */
export const formatVersion = 1
export const firstLine = `millrace recording ${formatVersion}\n`

/** Nothing that is recorded is longer: what says so is no length. In bytes. */
export const longestRecord = 2 ** 30

/** What a config was recorded by. */
export interface ConfigRecord {
  readonly kind: 'config'
  /** `millrace/0.1.0`. */
  readonly by: string
  /** When it began, ms since 1970 UTC. All other times are ms from there. */
  readonly startMs: number
  /** YAML without secrets, `${NAME}` as it was written. */
  readonly config: string
  /** What stands for each variable that it names, by `NAME` or `file:/path`. */
  readonly variables: Readonly<Record<string, string>>
}

/** A request as it was sent, without secrets. */
export interface RequestRecord {
  /** When it was sent. */
  readonly at: number
  readonly source: string
  readonly purpose: Purpose
  readonly method: string
  readonly url: string
  /** It said who asks. */
  readonly authorized?: true
  /** Of a request that has one: as it was sent. */
  readonly sent?: string
  readonly sentHeaders: Readonly<Record<string, string>>
  /** There was an answer. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** From sending to the head of the answer, ms. */
  readonly headMs?: number
}

/** How an exchange ended otherwise than with a whole answer. */
export interface EndRecord {
  /** From sending, ms. */
  readonly endMs: number
  /** It failed so. */
  readonly error?: { readonly name: string; readonly code?: string; readonly connecting?: true }
  /** Whoever asked had had enough: there would have been more, or nothing ever. */
  readonly givenUp?: true
}

/** A request and its answer; the body stands behind it, as it came. */
export interface ExchangeRecord extends RequestRecord, EndRecord {
  readonly kind: 'exchange'
  /** The body is that of this record, counted from 0: the config. */
  readonly bodyOf?: number
}

/** The head of an answer that goes on: events. Its chunks follow as they came, among other records. */
export interface StreamRecord extends RequestRecord {
  readonly kind: 'stream'
  readonly id: number
}

/** Part of a stream, whose bytes stand behind it. */
export interface ChunkRecord {
  readonly kind: 'chunk'
  readonly of: number
  readonly at: number
}

export interface StreamEndRecord extends EndRecord {
  readonly kind: 'streamEnd'
  readonly of: number
}

/** What a command printed; it stands behind it. */
export interface DocumentRecord {
  readonly kind: 'document'
  /** When it was looked for. */
  readonly at: number
  readonly source: string
  /** Until it was found, ms. */
  readonly endMs: number
  readonly mediaType?: string
  readonly asOf?: number
  readonly bodyOf?: number
  /** It was not found, and why. */
  readonly failure?: { readonly cause: Cause; readonly reason: string; readonly limit?: string }
  /** Whoever looked had had enough. */
  readonly givenUp?: true
}

/** It was ended in order. */
export interface StopRecord {
  readonly kind: 'stop'
  readonly at: number
}

export type FileRecord = ConfigRecord | ExchangeRecord | StreamRecord | ChunkRecord | StreamEndRecord | DocumentRecord | StopRecord

export const noBytes = Buffer.alloc(0)

const deflated = promisify<Buffer, Buffer>(deflate)

/** A record with the bytes behind it, as it stands in a file: its length, and so many bytes of zlib (RFC 1950), which bear a checksum. */
export async function encodeRecord(record: FileRecord, bytes: Buffer): Promise<Buffer> {
  const head = Buffer.from(JSON.stringify(record))
  const packed = await deflated(Buffer.concat([lengthOf(head), head, bytes]))
  return Buffer.concat([lengthOf(packed), packed])
}

export interface Decoded {
  readonly record: FileRecord
  readonly bytes: Buffer
}

/** @throws Error where the bytes are not what was written */
export function decodeRecord(packed: Buffer): Decoded {
  const plain = inflateSync(packed, { maxOutputLength: 2 * longestRecord })
  const end = 4 + plain.readUInt32BE(0)
  return { record: JSON.parse(plain.toString('utf8', 4, end)) as FileRecord, bytes: plain.subarray(end) }
}

function lengthOf({ byteLength }: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(byteLength)
  return length
}
