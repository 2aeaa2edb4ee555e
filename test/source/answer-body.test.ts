import { array, assert, asyncProperty, boolean, infiniteStream, integer } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerBody, type BodyOrigin } from '../../src/source/answer-body.ts'

/** A connection that brings its chunks as fast as it may, each as soon as it is let go on. */
class Connection implements BodyOrigin {
  readonly body = new AnswerBody(this)
  readonly #chunks: Buffer[]
  #isPaused = false
  #isBringing = false
  pauses = 0
  aborted: Error | undefined

  constructor(chunks: readonly Buffer[]) {
    this.#chunks = [...chunks]
  }

  get left(): number {
    return this.#chunks.length
  }

  pause(): void {
    this.pauses++
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.bring()
  }

  abort(reason: Error): void {
    this.aborted = reason
    this.body.fail(reason)
  }

  bring(): void {
    if (this.#isBringing) return
    this.#isBringing = true
    while (!this.#isPaused && this.aborted === undefined && this.#chunks.length > 0) this.body.add(this.#chunks.shift() as Buffer)
    this.#isBringing = false
    if (this.#chunks.length === 0 && this.aborted === undefined) this.body.end()
  }
}

const never = { isOver: false }

describe('the body of an answer', () => {
  test('comes whole and in order, however it is cut, and however slowly it is taken', () =>
    assert(
      asyncProperty(
        array(integer({ min: 0, max: 50_000 }), { maxLength: 20 }),
        infiniteStream(boolean()),
        boolean(),
        async (sizes, waits, isThereFirst) => {
          const chunks = sizes.map((size, i) => Buffer.alloc(size, i))
          const connection = new Connection(chunks)
          if (isThereFirst) connection.bring()
          const seen: Buffer[] = []
          let isBusy = false
          const taken = connection.body.take(chunk => {
            expect(isBusy).toBe(false)
            seen.push(chunk)
            if (waits.next().value !== true) return undefined
            isBusy = true
            return Promise.resolve().then(() => void (isBusy = false))
          })
          connection.bring()
          await taken
          expect(Buffer.concat(seen).equals(Buffer.concat(chunks))).toBe(true)
        },
      ),
    ))

  test('waits for its taker with 64 KiB and the chunk that reached them', async () => {
    const connection = new Connection(Array.from({ length: 100 }, () => Buffer.alloc(16_384)))
    connection.bring()
    expect([connection.left, connection.pauses]).toEqual([95, 1])
    let bytes = 0
    await connection.body.take(chunk => void (bytes += chunk.byteLength))
    expect([connection.left, bytes]).toEqual([0, 1_638_400])
  })

  test('what its taker throws, or rejects, drops the connection and is what taking it ends with', async () => {
    for (const refuse of [() => Promise.reject(new Error('too much')), () => void raise('too much')]) {
      const connection = new Connection(Array.from({ length: 3 }, () => Buffer.alloc(70_000)))
      const taken = connection.body.take(refuse)
      connection.bring()
      await expect(taken).rejects.toThrow('too much')
      expect(connection.aborted?.message).toBe('too much')
    }
  })

  test('that broke off before it was taken says so to whoever takes it, and what had come is not handed over', async () => {
    const connection = new Connection([])
    connection.body.add(Buffer.from('half'))
    connection.body.fail(new Error('reset'))
    const seen: Buffer[] = []
    await expect(connection.body.take(chunk => void seen.push(chunk))).rejects.toThrow('reset')
    expect(seen).toEqual([])
  })

  test('that nobody wants is dropped with its connection, unless that has brought all of it', () => {
    const [whole, half] = [new Connection([Buffer.alloc(1)]), new Connection([])]
    whole.bring()
    whole.body.drop()
    half.body.drop()
    expect([whole.aborted, half.aborted?.message]).toEqual([undefined, 'the body is not wanted'])
  })

  test('is read away to a limit, beyond which it costs the connection; neither is a fault, but to be given up is', async () => {
    const small = new Connection([Buffer.alloc(10), Buffer.alloc(10)])
    small.bring()
    await small.body.discard(20, never)
    const large = new Connection([Buffer.alloc(10), Buffer.alloc(11)])
    large.bring()
    await large.body.discard(20, never)
    expect([small.aborted, large.aborted]).toEqual([undefined, undefined])
    const slow = new Connection([])
    const gone = { isOver: true }
    slow.body.fail(new Error('over'))
    await expect(slow.body.discard(20, gone)).rejects.toThrow('over')
  })
})

function raise(message: string): never {
  throw new Error(message)
}
