import type { Outbox } from '../hub/outbox.ts'
import { MillraceError } from '../model/errors.ts'
import type { ConnectionLimits } from './limits.ts'

/**
 * Judges whether a connection may follow one address more; a view is more than a feed's name.
 * @throws MillraceError `too_many`.
 */
export function admitAddress(outbox: Outbox, isView: boolean, { maxFeedsPerConnection, maxViewsPerConnection }: ConnectionLimits): void {
  if (outbox.size >= maxFeedsPerConnection)
    throw new MillraceError('too_many', `${maxFeedsPerConnection} feeds are followed, as many as one connection may`, [
      { limit: 'maxFeedsPerConnection', value: maxFeedsPerConnection },
    ])
  if (isView && outbox.viewCount >= maxViewsPerConnection)
    throw new MillraceError('too_many', `${maxViewsPerConnection} views are followed, as many as one connection may`, [
      { limit: 'maxViewsPerConnection', value: maxViewsPerConnection },
    ])
}
