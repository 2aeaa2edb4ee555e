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

const noFrame: Buffer = Buffer.alloc(0)
let lastTick = { tick: 0, throttle: 0, messages: 0, frame: noFrame }

/** Opens a flush; one buffer for all readers in turn whose flush is as long. */
export function tickFrame(tick: number, throttle: number, messages: number): Buffer {
  if (lastTick.tick !== tick || lastTick.throttle !== throttle || lastTick.messages !== messages)
    lastTick = { tick, throttle, messages, frame: encodeMessage({ type: 'tick', tick, throttle, messages }) }
  return lastTick.frame
}
