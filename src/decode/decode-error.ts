/** An answer that cannot be made into rows: the cause that freshness tells, and one sentence for people. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly kind: 'decode' | 'too_large'

  constructor(kind: 'decode' | 'too_large', message: string) {
    super(message)
    this.kind = kind
  }
}

/** A limit was exceeded; the sentence begins with its key. */
export function exceeded(key: string, limit: string): DecodeError {
  return new DecodeError('too_large', `${key}: ${limit} exceeded`)
}
