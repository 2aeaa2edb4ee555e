import type { Freshness } from '../model/freshness.ts'
import type { Store } from '../model/store.ts'
import { encodeMessage } from '../protocol/codec.ts'

/** How far the data of an address can be believed. */
export function statusFrame(feed: string, freshness: Freshness): Buffer {
  // What is said first comes first, for whoever reads it.
  const { state, cause, reason, ...more } = freshness
  const why = { ...(cause === undefined ? {} : { cause }), ...(reason === undefined ? {} : { reason }) }
  return encodeMessage({ type: 'status', feed, state, ...why, ...more })
}

/** What a reader at the store's version must hold. */
export function checkFrame(feed: string, { version, count, sum }: Store): Buffer {
  return encodeMessage({ type: 'check', feed, version, count, sum })
}

/** A view has no true table; the server's log has it under the id. */
export function failureFrame(feed: string, id: string): Buffer {
  const message = `the view failed; the server's log has it under ${id}`
  return encodeMessage({ type: 'error', feed, code: 'internal', message, retry: true })
}

const noFrame: Buffer = Buffer.alloc(0)
let lastTick = { tick: 0, throttle: 0, messages: 0, frame: noFrame }

/** Opens a flush; one buffer for all readers in turn whose flush is as long. */
export function tickFrame(tick: number, throttle: number, messages: number): Buffer {
  if (lastTick.tick !== tick || lastTick.throttle !== throttle || lastTick.messages !== messages)
    lastTick = { tick, throttle, messages, frame: encodeMessage({ type: 'tick', tick, throttle, messages }) }
  return lastTick.frame
}
