import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { DecodeError, quotable } from './decode-error.ts'

/** The charset parameter of a media type, in lower case. */
function charsetOf(mediaType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(mediaType)?.[1]?.toLowerCase()
}

function markedEncoding(body: Buffer): string | undefined {
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le'
  return body[0] === 0xfe && body[1] === 0xff ? 'utf-16be' : undefined
}

function decodeAs(body: Buffer, encoding: string): string {
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(encoding, { fatal: true })
  } catch {
    throw new DecodeError('decode', `the body is in a charset that is not known: ${quotable(encoding)}`)
  }
  try {
    return decoder.decode(body)
  } catch {
    throw new DecodeError('decode', `the body is not valid ${encoding.toUpperCase()}`)
  }
}

function invalidUtf8(body: Buffer): DecodeError {
  const before = body.toString('utf8').split('\ufffd', 1)[0] ?? ''
  return new DecodeError('decode', `the body is not valid UTF-8 (near byte ${Buffer.byteLength(before)})`)
}

/**
 * Bytes to text: UTF-8; UTF-16 where a byte order mark says so; the charset of the media type where the body is not
 * UTF-8. Invalid sequences are refused, never replaced; a byte order mark is dropped.
 * @throws DecodeError
 */
export function decodeText(body: Buffer, mediaType = ''): string {
  const marked = markedEncoding(body)
  if (marked !== undefined) return decodeAs(body, marked)
  if (isUtf8(body)) {
    const text = body.toString('utf8')
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }
  const charset = charsetOf(mediaType)
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') throw invalidUtf8(body)
  return decodeAs(body, charset)
}
