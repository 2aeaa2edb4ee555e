import { encodeMessage } from '../protocol/codec.ts'
import type { View } from './view.ts'

/** How far the data of a view can be believed. */
export function statusFrame(view: View): Buffer {
  return encodeMessage({ type: 'status', feed: view.address, ...view.feed.freshness })
}

/** What a reader at the view's version must hold. */
export function checkFrame(view: View): Buffer {
  const { version, count, sum } = view.store
  return encodeMessage({ type: 'check', feed: view.address, version, count, sum })
}
