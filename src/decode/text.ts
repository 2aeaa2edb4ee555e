import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { DecodeError, quotable } from './decode-error.ts'

/** The charset parameter of a media type, in lower case. */
function charsetOf(mediaType: string): string | undefined {
  return /;\s*charset\s*=\s*["']?([^"';\s]+)/i.exec(mediaType)?.[1]?.toLowerCase()
}

/** What an XML declaration says; it is in ASCII in every charset that has to say so. */
function declaredInXml(body: Buffer): string | undefined {
  return /^<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(body.toString('latin1', 0, 200))?.[1]?.toLowerCase()
}

/** UTF-16 by its byte order mark, or because every other byte is 0 where a text begins. */
function wideEncoding([first, second, third, fourth]: Buffer): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'utf-16le'
  return first === 0 && second !== 0 && third === 0 && fourth !== 0 ? 'utf-16be' : undefined
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
  const place = `near byte ${Buffer.byteLength(before)}`
  return new DecodeError('decode', `the body is not valid UTF-8 (${place}); if it is in another, name it with charset:`)
}

/**
 * Bytes to text: UTF-16 where that shows; else UTF-8; where the body is not UTF-8, the charset of the media type or of
 * the XML declaration. Invalid sequences are refused, never replaced; a byte order mark is dropped.
 * @param charset as configured: nothing else counts
 * @throws DecodeError
 */
export function decodeText(body: Buffer, mediaType = '', charset?: string): string {
  if (charset !== undefined) return decodeAs(body, charset)
  const wide = wideEncoding(body)
  if (wide !== undefined) return decodeAs(body, wide)
  if (isUtf8(body)) {
    const text = body.toString('utf8')
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }
  const named = charsetOf(mediaType) ?? declaredInXml(body)
  if (named === undefined || named === 'utf-8' || named === 'utf8') throw invalidUtf8(body)
  return decodeAs(body, named)
}
