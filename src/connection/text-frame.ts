/** The longest payload whose length fits the first byte of it, and the longest of the 16 bit form. */
const [longestTiny, longestShort] = [125, 65_535]
/** The last fragment of a text message: FIN and opcode 1. */
const finalText = 0x81

function headerOf(length: number): Buffer {
  if (length <= longestTiny) return Buffer.from([finalText, length])
  if (length <= longestShort) return Buffer.from([finalText, 126, length >> 8, length & 0xff])
  const header = Buffer.alloc(10)
  header[0] = finalText
  header[1] = 127
  header.writeBigUInt64BE(BigInt(length), 2)
  return header
}

const framed = new WeakMap<Buffer, Buffer>()
const none: Buffer = Buffer.alloc(0)
let last = { payload: none, frame: none }

/**
 * The bytes of an unmasked text message, header and payload in one (RFC 6455 section 5.2). Made once for each payload,
 * however many are sent it: a write of one buffer costs the server less than header and payload apart.
 */
export function textFrame(payload: Buffer): Buffer {
  // Mostly it is the one that the reader before was sent.
  if (payload === last.payload) return last.frame
  let frame = framed.get(payload)
  if (frame === undefined) {
    frame = Buffer.concat([headerOf(payload.byteLength), payload])
    framed.set(payload, frame)
  }
  last = { payload, frame }
  return frame
}

/** Flushes of up to so many bytes are joined; above it the copy costs more than the writes it saves. */
const longestJoined = 64 * 1024
let lastFlush: { readonly payloads: readonly Buffer[]; readonly frames: Buffer } = { payloads: [], frames: none }

/**
 * Several text messages in one buffer, made once for all readers in turn that are sent the same ones: mostly the whole
 * of a flush is. Undefined where they are too many bytes to be copied.
 */
export function joinedFrames(payloads: readonly Buffer[]): Buffer | undefined {
  if (isSame(payloads, lastFlush.payloads)) return lastFlush.frames
  const bytes = payloads.reduce((sum, payload) => sum + payload.byteLength, 0)
  if (bytes > longestJoined) return undefined
  const frames = Buffer.concat(payloads.flatMap(payload => [headerOf(payload.byteLength), payload]))
  lastFlush = { payloads, frames }
  return frames
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
