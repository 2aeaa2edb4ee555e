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
