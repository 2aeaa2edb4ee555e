import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { exceeded } from '../decode/decode-error.ts'
import { formatSize } from '../lib/unit.ts'
import { PollError } from './failure.ts'

function counter(maxBytes: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) done(exceeded('maxBody', formatSize(maxBytes)))
      else done(null, chunk)
    },
  })
}

/** One decoder at most: endless chains of codings are a trap. */
function decoderOf(encoding: string): Transform | undefined {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw new PollError('decode', `the Content-Encoding '${encoding.slice(0, 40)}' was not asked for`)
  }
}

/**
 * Reads a body, decoded. More than `maxBytes` on the wire or decoded drops the connection at once.
 * @throws DecodeError `too_large`, PollError, or what the stream or zlib throws.
 */
export async function readBody(body: Readable, encoding: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  const collect = async (stream: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of stream) chunks.push(chunk)
  }
  const decoder = decoderOf(encoding)
  if (decoder === undefined) await pipeline(body, counter(maxBytes), collect, { signal })
  else await pipeline(body, counter(maxBytes), decoder, counter(maxBytes), collect, { signal })
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}
