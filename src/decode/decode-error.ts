/** An answer that cannot be made into rows: the cause that freshness tells, and one sentence for people. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly kind: 'decode' | 'too_large' | 'shape' | 'rows' | 'key'
  /** The limit that was exceeded, by its key. */
  readonly limit: string | undefined

  constructor(kind: DecodeError['kind'], message: string, limit?: string) {
    super(message)
    this.kind = kind
    this.limit = limit
  }
}

/** A limit was exceeded; the sentence begins with its key: `maxBody: 16 MiB exceeded`. */
export function exceeded(key: string, limit: string): DecodeError {
  return new DecodeError('too_large', `${key}: ${limit} exceeded`, key)
}

/** A name or text of an upstream, fit to stand in a sentence: short, and without control characters. */
export function quotable(text: string, most = 60): string {
  // One more than fits tells that there is more.
  const clean = text.slice(0, most + 1).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '�')
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean
}
