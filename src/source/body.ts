import { finished } from 'node:stream/promises'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { exceeded, quotable } from '../decode/decode-error.ts'
import { outside } from '../lib/outside-work.ts'
import { formatSize } from '../lib/unit.ts'
import { PollError } from './failure.ts'

/** zlib (RFC 1950) as the standard says, or the bare deflate that some servers send in its name. */
function isZlib(first: Buffer): boolean {
  const [method = 0, flags = 0] = first
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0
}

/** One decoder at most: endless chains of codings are a trap. */
function decoderOf(coding: string, first: Buffer): Transform | undefined {
  switch (coding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return undefined
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

  add(chunk: Buffer): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) throw exceeded('maxBody', formatSize(this.#maxBytes))
    this.#chunks.push(chunk)
  }

  whole(): Buffer {
    const [first] = this.#chunks
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes)
  }
}

/** It took the chunk, or never will: why not is told by itself. */
function written(decoder: Transform, chunk: Buffer): Promise<void> {
  return new Promise(resolve => {
    decoder.write(chunk, () => resolve())
  })
}

async function inflate(decoder: Transform, wire: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const decoded = new Heap(maxBytes)
  const done = finished(decoder)
  decoder.on('data', (chunk: Buffer) => {
    try {
      decoded.add(chunk)
    } catch (error) {
      decoder.destroy(error as Error)
    }
  })
  const feed = async (): Promise<void> => {
    for await (const chunk of wire) {
      if (decoder.destroyed) return
      // Zeros behind the compressed data are padding, and a decoder that has ended takes no more; zlib refuses the rest.
      await outside(Promise.race([written(decoder, chunk), done]))
    }
    decoder.end()
    await outside(done)
  }
  await Promise.all([feed(), done])
  return decoded.whole()
}

/** The body's chunks, bounded; the first one is handed on as well, since it tells which decoder it takes. */
async function* bounded(chunks: AsyncIterator<Buffer>, first: Buffer, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for (let chunk: Buffer | undefined = first; chunk !== undefined;) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw exceeded('maxBody', formatSize(maxBytes))
    yield chunk
    const next: IteratorResult<Buffer, unknown> = await chunks.next()
    chunk = next.done === true ? undefined : next.value
  }
}

/**
 * Reads a body, decoded. More than `maxBytes`, on the wire or decoded, throws at once; the caller drops the connection.
 * @throws DecodeError `too_large`, PollError, or what the stream or zlib throws
 */
export async function readBody(body: AsyncIterable<Buffer>, coding: string, maxBytes: number): Promise<Buffer> {
  const chunks = body[Symbol.asyncIterator]()
  const { done, value: first } = await chunks.next()
  if (done === true) return Buffer.alloc(0)
  const decoder = decoderOf(coding, first)
  const wire = bounded(chunks, first, maxBytes)
  if (decoder !== undefined) {
    try {
      return await inflate(decoder, wire, maxBytes)
    } finally {
      decoder.destroy()
    }
  }
  const whole = new Heap(maxBytes)
  for await (const chunk of wire) whole.add(chunk)
  return whole.whole()
}
