import { finished } from 'node:stream/promises'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { exceeded, quotable } from '../decode/decode-error.ts'
import { outside } from '../lib/outside-work.ts'
import { formatSize } from '../lib/unit.ts'
import type { AnswerBody } from './answer-body.ts'
import { PollError } from './failure.ts'

/** zlib (RFC 1950) as the standard says, or the bare deflate that some servers send in its name. */
function isZlib(first: Buffer): boolean {
  const [method = 0, flags = 0] = first
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0
}

/** One decoder at most: endless chains of codings are a trap. */
function decoderOf(coding: string, first: Buffer): Transform {
  switch (coding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return isZlib(first) ? createInflate() : createInflateRaw()
    case 'br':
      return createBrotliDecompress()
    default:
      throw new PollError('decode', `the Content-Encoding '${quotable(coding, 40)}' is none that was asked for`)
  }
}

/** Bytes that must not become more than `maxBytes`. */
class Heap {
  readonly #chunks: Buffer[] = []
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(chunk: Buffer): undefined {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) throw exceeded('maxBody', formatSize(this.#maxBytes))
    this.#chunks.push(chunk)
  }

  whole(): Buffer {
    const [first] = this.#chunks
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes)
  }
}

/** So many bytes at least tell how a body is compressed, where it has as many. */
const headBytes = 2

/** It took the chunk, or never will: why not is told by itself. */
function written(decoder: Transform, chunk: Buffer): Promise<void> {
  return new Promise(resolve => {
    decoder.write(chunk, () => resolve())
  })
}

/** What a decoder makes of what is written to it; it fails as soon as that shows. */
class Inflating {
  readonly #decoder: Transform
  readonly #decoded: Heap
  readonly #done: Promise<void>

  constructor(decoder: Transform, maxBytes: number, onFail: (error: Error) => void) {
    this.#decoder = decoder
    this.#decoded = new Heap(maxBytes)
    this.#done = finished(decoder)
    this.#done.catch(onFail)
    decoder.on('data', (chunk: Buffer) => {
      try {
        this.#decoded.add(chunk)
      } catch (error) {
        decoder.destroy(error as Error)
      }
    })
  }

  /** Zeros behind the compressed data are padding, and a decoder that has ended takes no more; zlib refuses the rest. */
  write(chunk: Buffer): Promise<void> | undefined {
    return this.#decoder.destroyed ? undefined : outside(Promise.race([written(this.#decoder, chunk), this.#done]))
  }

  async whole(): Promise<Buffer> {
    this.#decoder.end()
    await outside(this.#done)
    return this.#decoded.whole()
  }

  close(): void {
    this.#decoder.destroy()
  }
}

/**
 * Reads a body, decoded. More than `maxBytes`, on the wire or decoded, throws at once; the caller drops the connection.
 * @throws DecodeError `too_large`, PollError, or what the connection or zlib throws
 */
export function readBody(body: AnswerBody, coding: string, maxBytes: number): Promise<Buffer> {
  return /^\s*(identity)?\s*$/i.test(coding) ? readPlain(body, maxBytes) : readCoded(body, coding, maxBytes)
}

async function readPlain(body: AnswerBody, maxBytes: number): Promise<Buffer> {
  const plain = new Heap(maxBytes)
  await body.take(chunk => plain.add(chunk))
  return plain.whole()
}

async function readCoded(body: AnswerBody, coding: string, maxBytes: number): Promise<Buffer> {
  let inflating: Inflating | undefined
  let wireBytes = 0
  let head: Buffer | undefined
  const pass = (chunk: Buffer): Promise<void> | undefined => {
    inflating ??= new Inflating(decoderOf(coding, chunk), maxBytes, error => body.drop(error))
    wireBytes += chunk.byteLength
    if (wireBytes > maxBytes) throw exceeded('maxBody', formatSize(maxBytes))
    return inflating.write(chunk)
  }
  try {
    await body.take(chunk => {
      const whole = head === undefined ? chunk : Buffer.concat([head, chunk])
      const isHead = wireBytes === 0 && whole.byteLength < headBytes
      head = isHead ? whole : undefined
      return isHead ? undefined : pass(whole)
    })
    if (head !== undefined) await pass(head)
    return inflating === undefined ? Buffer.alloc(0) : await inflating.whole()
  } finally {
    inflating?.close()
  }
}
