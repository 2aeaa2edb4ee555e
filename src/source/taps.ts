import type { DocumentOrigin } from './document-ask.ts'
import type { Tap } from './link.ts'

/** What a request is for. */
export type Purpose = 'data' | 'login'

/** Whoever hears what sources ask and are answered, or answers in place of their upstreams. */
export interface Taps {
  /** On the links of a source to its origins. */
  link(source: string, purpose: Purpose): Tap
  /** Between a source and the documents that it finds on this machine. */
  origin(source: string, origin: DocumentOrigin): DocumentOrigin
}
