import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'
import { RawReader } from '../support/raw-reader.ts'

/** Frames as RFC 6455 allows and forbids them, byte by byte through the real binding. */

let upstream: ChangingUpstream
let server: MillraceServer
let url: URL
let neighbour: RawReader
let peer: Peer

beforeAll(async () => {
  upstream = await startChangingUpstream('[{"id":"a","n":1}]')
  const config = configOf({
    server: { port: 0, drain: '100ms' },
    // The machine of the tests may be busy with others.
    limits: { maxLoopDelay: 'off' },
    sources: { a: { url: upstream.url, every: '20ms' } },
  })
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  server = new MillraceServer({ config: config.config })
  url = new URL(await server.listen())
  neighbour = await new RawReader(`ws://${url.host}/ws?feed=a`).open()
  await neighbour.next('snapshot')
})

afterAll(async () => {
  neighbour.socket.terminate()
  await server.close()
  await upstream.close()
})

beforeEach(async () => {
  peer = await Peer.upgrade()
})

let changes = 1
afterEach(async () => {
  peer.socket.destroy()
  upstream.body = JSON.stringify([{ id: 'a', n: ++changes }])
  await neighbour.next('delta', ({ set }) => set?.['a']?.['n'] === changes)
  if (neighbour.messages.some(({ type }) => type === 'error')) throw new Error('a neighbour was disturbed')
})

const handshake = [
  'GET /ws HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '',
  '',
].join('\r\n')

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** A client that writes bytes, and reads the server's frames. */
class Peer {
  readonly socket: Socket
  readonly ended: Promise<unknown>
  #bytes = Buffer.alloc(0)

  private constructor() {
    this.socket = connect(Number(url.port), url.hostname)
    this.socket.on('error', () => undefined)
    this.socket.on('data', chunk => (this.#bytes = Buffer.concat([this.#bytes, chunk])))
    this.ended = new Promise(resolve => this.socket.once('close', resolve))
  }

  /** `more`: frames in the same packet as the handshake. */
  static async upgrade(more: Buffer = Buffer.alloc(0)): Promise<Peer> {
    const opened = new Peer()
    opened.socket.write(Buffer.concat([Buffer.from(handshake), more]))
    await vi.waitUntil(() => opened.frames.some(({ payload }) => payload.includes('"welcome"')))
    return opened
  }

  /** Everything that the server wrote after the handshake; its frames are never masked, and short ones. */
  get frames(): Frame[] {
    const start = this.#bytes.indexOf('\r\n\r\n') + 4
    const frames: Frame[] = []
    if (start < 4) return frames
    for (let at = start; at + 2 <= this.#bytes.length;) {
      const short = (this.#bytes[at + 1] ?? 0) & 0x7f
      const [size, length] = short === 126 ? [4, this.#bytes.readUInt16BE(at + 2)] : [2, short]
      if (at + size + length > this.#bytes.length) break
      frames.push({ opcode: (this.#bytes[at] ?? 0) & 0x0f, payload: this.#bytes.subarray(at + size, at + size + length) })
      at += size + length
    }
    return frames
  }

  async write(...frames: readonly Buffer[]): Promise<void> {
    for (const frame of frames) await new Promise(resolve => this.socket.write(frame, resolve))
  }

  /** The code that the server closes with; 1005 where its close frame has none. */
  async closed(): Promise<number> {
    await this.ended
    const close = this.frames.find(({ opcode }) => opcode === 8)
    if (close === undefined) throw new Error('ended without a close frame')
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0)
  }

  /** It still answers: a message comes back with this id. */
  async answers(id: number): Promise<void> {
    await vi.waitUntil(() => this.frames.some(({ payload }) => payload.includes(`"pong","id":${id}`)), { timeout: 3000 })
  }
}

interface Bits {
  readonly fin?: boolean
  readonly rsv?: number
  readonly masked?: boolean
  /** Of the length: 7, 16 or 64 bits; default the shortest. */
  readonly lengthBits?: 7 | 16 | 64
  /** Another length than that of the payload. */
  readonly length?: bigint
}

const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

function frame(opcode: number, payload: Buffer | string = '', bits: Bits = {}): Buffer {
  const bytes = Buffer.from(payload)
  const { fin = true, rsv = 0, masked = true, length = BigInt(bytes.length) } = bits
  const lengthBits = bits.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64)
  const bit = masked ? 0x80 : 0
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode])
  const size = Buffer.alloc(lengthBits === 7 ? 1 : lengthBits === 16 ? 3 : 9)
  size[0] = bit | (lengthBits === 7 ? Number(length) : lengthBits === 16 ? 126 : 127)
  if (lengthBits === 16) size.writeUInt16BE(Number(length), 1)
  if (lengthBits === 64) size.writeBigUInt64BE(length, 1)
  const sent = masked ? Buffer.from(bytes.map((byte, i) => byte ^ (mask[i % 4] ?? 0))) : bytes
  return Buffer.concat([head, size, masked ? mask : Buffer.alloc(0), sent])
}

const [continuation, text, binary, close, ping, pong] = [0, 1, 2, 8, 9, 10] as const
const message = (id: number): string => `{"type":"ping","id":${id}}`
const coded = (code: number, reason: Buffer | string = ''): Buffer => {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return Buffer.concat([head, Buffer.from(reason)])
}

describe('5.2 base framing', () => {
  test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('opcode %d is reserved: 1002', async opcode => {
    await peer.write(frame(opcode, 'x'))
    expect(await peer.closed()).toBe(1002)
  })

  test.each([1, 2, 3, 4, 5, 6, 7].flatMap(rsv => [text, ping, close].map(opcode => [rsv, opcode] as const)))(
    'reserved bits %d on opcode %d: 1002',
    async (rsv, opcode) => {
      await peer.write(frame(opcode, opcode === close ? coded(1000) : '{}', { rsv }))
      expect(await peer.closed()).toBe(1002)
    },
  )

  test.each([continuation, text, binary, close, ping, pong])('opcode %d unmasked: 1002', async opcode => {
    await peer.write(frame(opcode, opcode === close ? coded(1000) : '{}', { masked: false }))
    expect(await peer.closed()).toBe(1002)
  })

  test.each<[string, bigint, number]>([
    ['one over maxMessage', 65_537n, 1009],
    ['2^31', 2n ** 31n, 1009],
    ['2^53', 2n ** 53n, 1009],
    ['2^63, which is forbidden', 2n ** 63n, 1009],
    ['2^64 - 1, which is forbidden', 2n ** 64n - 1n, 1009],
  ])('a length of %s, before any of it came', async (_, length, code) => {
    await peer.write(frame(text, '', { lengthBits: 64, length }))
    expect(await peer.closed()).toBe(code)
  })

  test.each<[string, 7 | 16 | 64]>([
    ['7 bits', 7],
    ['16 bits', 16],
    ['64 bits', 64],
  ])('a length in %s is read', async (_, lengthBits) => {
    await peer.write(frame(text, message(1), { lengthBits }))
    await peer.answers(1)
  })

  test('a message of maxMessage bytes is taken', async () => {
    const padded = message(1).padEnd(65_536, ' ')
    await peer.write(frame(text, padded))
    await peer.answers(1)
  })

  test('byte by byte, and several in one packet', async () => {
    for (const byte of frame(text, message(1))) await peer.write(Buffer.from([byte]))
    await peer.answers(1)
    await peer.write(Buffer.concat([frame(text, message(2)), frame(ping, 'x'), frame(text, message(3))]))
    await peer.answers(2)
    await peer.answers(3)
  })

  test('in the packet of the handshake', async () => {
    const early = await Peer.upgrade(frame(text, message(1)))
    await early.answers(1)
    early.socket.destroy()
  })
})

describe('5.4 fragments', () => {
  test.each([[0], [1], [5], [1, 9], [0, 0, 3]])('cut at %j, empty ones too', async (...cuts) => {
    const whole = Buffer.from(message(1))
    const edges = [0, ...(cuts as unknown as readonly number[]), whole.length]
    const parts = edges.slice(1).map((end, i) => whole.subarray(edges[i], end))
    await peer.write(...parts.map((part, i) => frame(i === 0 ? text : continuation, part, { fin: i === parts.length - 1 })))
    await peer.answers(1)
  })

  test('control frames between them are answered at once', async () => {
    await peer.write(frame(text, message(1).slice(0, 4), { fin: false }), frame(ping, 'between'))
    await vi.waitUntil(() => peer.frames.some(({ opcode, payload }) => opcode === pong && payload.toString() === 'between'))
    await peer.write(frame(pong, 'unasked'), frame(continuation, message(1).slice(4)))
    await peer.answers(1)
  })

  test.each<[string, readonly Buffer[]]>([
    ['a continuation of nothing', [frame(continuation, '{}')]],
    ['a continuation of nothing that goes on', [frame(continuation, '{}', { fin: false })]],
    ['a continuation after the last one', [frame(text, message(1)), frame(continuation, '{}')]],
    ['a text within a text', [frame(text, '{', { fin: false }), frame(text, '{}')]],
    ['a binary within a text', [frame(text, '{', { fin: false }), frame(binary, '{}')]],
    ['a ping in fragments', [frame(ping, 'x', { fin: false })]],
    ['a pong in fragments', [frame(pong, 'x', { fin: false })]],
    ['a close in fragments', [frame(close, coded(1000), { fin: false })]],
  ])('%s: 1002', async (_, frames) => {
    await peer.write(...frames)
    expect(await peer.closed()).toBe(1002)
  })
})

describe('5.5 control frames', () => {
  test.each([ping, pong, close].flatMap(opcode => [126, 1000, 65_536].map(length => [opcode, length] as const)))(
    'opcode %d of %d bytes: 1002',
    async (opcode, length) => {
      await peer.write(frame(opcode, Buffer.alloc(length, 1)))
      expect(await peer.closed()).toBe(1002)
    },
  )

  test.each([0, 1, 124, 125])('a ping of %d bytes is answered by a pong of the same', async length => {
    const payload = Buffer.alloc(length, 7)
    await peer.write(frame(ping, payload))
    await vi.waitUntil(() => peer.frames.some(answer => answer.opcode === pong && answer.payload.equals(payload)))
  })

  test('a pong that nobody asked for is ignored', async () => {
    await peer.write(frame(pong), frame(pong, '1'), frame(pong, Buffer.alloc(125)), frame(text, message(1)))
    await peer.answers(1)
  })
})

describe('7.4 closing', () => {
  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    'code %d is echoed',
    async code => {
      await peer.write(frame(close, coded(code, 'bye')))
      expect(await peer.closed()).toBe(code)
    },
  )

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])('code %d may not be sent: 1002', async code => {
    await peer.write(frame(close, coded(code)))
    expect(await peer.closed()).toBe(1002)
  })

  test('without a code', async () => {
    await peer.write(frame(close))
    expect(await peer.closed()).toBe(1005)
  })

  test('half a code: 1002', async () => {
    await peer.write(frame(close, Buffer.from([3])))
    expect(await peer.closed()).toBe(1002)
  })

  test('a reason of 123 bytes, and one that is no UTF-8: 1007', async () => {
    await peer.write(frame(close, coded(1000, 'x'.repeat(123))))
    expect(await peer.closed()).toBe(1000)
    const other = await Peer.upgrade()
    await other.write(frame(close, coded(1000, Buffer.from([0xff]))))
    expect(await other.closed()).toBe(1007)
  })

  test('what comes after a close is not looked at', async () => {
    await peer.write(Buffer.concat([frame(close, coded(1000)), frame(text, message(1)), frame(3, 'x')]))
    expect(await peer.closed()).toBe(1000)
    expect(peer.frames.some(({ payload }) => payload.includes('"pong"'))).toBe(false)
  })

  test('in the midst of a message', async () => {
    await peer.write(frame(text, '{', { fin: false }), frame(close, coded(1001)))
    expect(await peer.closed()).toBe(1001)
  })
})

describe('8.1 UTF-8', () => {
  const quoted = (bytes: readonly number[]): Buffer => Buffer.concat([Buffer.from('{"type":"'), Buffer.from(bytes), Buffer.from('"}')])

  test.each<[string, readonly number[]]>([
    ['a byte that never occurs', [0xff]],
    ['a lonely continuation byte', [0x80]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['an overlong slash', [0xe0, 0x80, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a sequence that is cut short', [0xe2, 0x82]],
  ])('%s: 1007', async (_, bytes) => {
    await peer.write(frame(text, quoted(bytes)))
    expect(await peer.closed()).toBe(1007)
  })

  test('cut within a character, over fragments: it is whole again', async () => {
    const whole = Buffer.from('{"type":"ping","id":"𝄞"}')
    const at = whole.indexOf(0xf0) + 2
    await peer.write(frame(text, whole.subarray(0, at), { fin: false }), frame(continuation, whole.subarray(at)))
    await vi.waitUntil(() => peer.frames.some(({ payload }) => payload.includes('"pong","id":"𝄞"')))
  })

  test('wrong over fragments: 1007', async () => {
    await peer.write(frame(text, Buffer.from('{"type":"\u00e9').subarray(0, -1), { fin: false }), frame(continuation, '"}'))
    expect(await peer.closed()).toBe(1007)
  })
})

describe('messages', () => {
  test('binary: 1003; an empty text: 4400', async () => {
    await peer.write(frame(binary, Buffer.from([1, 2, 3])))
    expect(await peer.closed()).toBe(1003)
    const other = await Peer.upgrade()
    await other.write(frame(text, ''))
    expect(await other.closed()).toBe(4400)
  })
})
