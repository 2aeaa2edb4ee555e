import { open, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { exceeded, quotable } from '../decode/decode-error.ts'
import { formatSize } from '../lib/unit.ts'
import type { DocumentOrigin, Found } from './document-ask.ts'
import { PollError } from './failure.ts'
import { FileStamp } from './file-stamp.ts'

/** Files as one document. */
export interface FilesOrigin extends DocumentOrigin {
  /** When the youngest of them was written to, ms since 1970 UTC, as far as was found. */
  readonly changedAt: number
}

/** What the ending of a name says of the format; of any other it is looked at. */
const mediaTypes: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.geojson': 'application/geo+json',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.rss': 'application/rss+xml',
  '.atom': 'application/atom+xml',
}

/** How often a file is read again that changed while it was read. */
const mostReads = 3

/** A file as it was read, whole. */
export interface FileRead {
  readonly name: string
  readonly body: Buffer
  readonly mediaType: string
  readonly stamp: FileStamp
}

/**
 * The bytes of a file, all of one state of it as far as its stamps tell.
 * @throws PollError when it is not there or cannot be read; DecodeError `too_large`
 */
export async function readWhole(path: string, maxBytes: number): Promise<FileRead> {
  const name = basename(path)
  try {
    // Opening a pipe would wait for whoever writes to it.
    if (!(await stat(path)).isFile()) throw new PollError('upstream', `${quotable(name, 60)} is no file`)
    for (let reads = 1; ; reads++) {
      const file = await open(path, 'r')
      try {
        const before = new FileStamp(await file.stat({ bigint: true }))
        if (before.bytes > maxBytes) throw exceeded('maxBody', formatSize(maxBytes))
        const body = await file.readFile()
        if (body.byteLength > maxBytes) throw exceeded('maxBody', formatSize(maxBytes))
        const stamp = new FileStamp(await file.stat({ bigint: true }))
        if (stamp.isSame(before) || reads >= mostReads)
          return { name, body, mediaType: mediaTypes[extname(name).toLowerCase()] ?? '', stamp }
      } finally {
        await file.close()
      }
    }
  } catch (error) {
    throw fileFault(error, name)
  }
}

/** @throws PollError when it is not there */
export async function stampOf(path: string): Promise<FileStamp> {
  try {
    return new FileStamp(await stat(path, { bigint: true }))
  } catch (error) {
    throw fileFault(error, basename(path))
  }
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  ENOTDIR: 'is not there',
}

/** What the file system says, for people; anything else as it is. */
export function fileFault(error: unknown, name: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined || !(error instanceof Error) || !('syscall' in error)) return error
  return new PollError('upstream', `${quotable(name, 60)} ${faults[code] ?? 'cannot be read'} (${code})`)
}

/** One file, which is the same as long as its stamp is. */
export class FileOrigin implements FilesOrigin {
  readonly what: string
  readonly #path: string
  readonly #maxBytes: number
  readonly #now: () => number
  #found: FileStamp | undefined
  #taken: FileStamp | undefined

  constructor(path: string, maxBytes: number, now: () => number) {
    this.what = `the file ${quotable(basename(path), 60)}`
    this.#path = path
    this.#maxBytes = maxBytes
    this.#now = now
  }

  get changedAt(): number {
    return this.#found?.changedAt ?? 0
  }

  async find(): Promise<Found | 'same'> {
    if (this.#taken?.isProof(this.#now()) === true && this.#taken.isSame(await stampOf(this.#path))) return 'same'
    const { body, mediaType, stamp } = await readWhole(this.#path, this.#maxBytes)
    this.#found = stamp
    return { body, mediaType, asOf: stamp.changedAt }
  }

  taken(isSettled: boolean): void {
    this.#taken = isSettled ? this.#found : undefined
  }
}
