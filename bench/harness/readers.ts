import { setTimeout as pause } from 'node:timers/promises'
import { Reconnect } from '../../src/client/reconnect.ts'
import { LeanReader } from './lean-reader.ts'
import { answer } from './worker.ts'

/** So many connections are opened at a time, so that no accept queue overflows. */
const atOnce = 100
/** One in so many messages is looked at for how old it is; of few readers every one. */
const sampleEvery = 7
const fewReaders = 20

interface Opening {
  readonly url: string
  readonly count: number
  /** More of the URL. */
  readonly query?: string
  /** Sent by each once it is open. */
  readonly say?: readonly object[]
  /** Whoever is refused tries again a moment later; default: refusals are faults. */
  readonly patient?: boolean
}

interface Storm {
  readonly url: string
  readonly count: number
  /** Everybody comes within so many ms. */
  readonly withinMs: number
}

const readers: LeanReader[] = []
const stalled = new Set<LeanReader>()
let deltas = 0
let messages = 0
let bytes = 0
let last = ''
/** The last deltas of the reader that reads them whole. */
const lastWhole: string[] = []
let ages: number[] = []
/** Data messages since the readers that had stalled went on, by reader. */
const sinceResume = new Map<LeanReader, { messages: number; to: number }>()

function take(text: string, size: number, reader: LeanReader | undefined): void {
  messages++
  bytes += size
  const isDelta = text.startsWith('{"type":"delta"')
  if (!isDelta && !text.startsWith('{"type":"snapshot"')) return
  const since = reader === undefined ? undefined : sinceResume.get(reader)
  if (since !== undefined) {
    since.messages++
    since.to = Number(/"to":(\d+)/.exec(text)?.[1] ?? 0)
  }
  if (!isDelta) return
  deltas++
  if (reader === readers[0]) {
    if (last === '') last = text
    lastWhole.push(text)
    if (lastWhole.length > 16) lastWhole.shift()
  }
  if ((deltas % sampleEvery === 0 || readers.length <= fewReaders) && (reader === undefined || !stalled.has(reader)))
    ages.push(Date.now() - Number(/"at":(\d+)/.exec(text)?.[1] ?? Number.NaN))
}

async function open({ url, query = '', say = [] }: Opening): Promise<void> {
  let reader: LeanReader | undefined
  // The first one is read whole: its messages are examples.
  reader = await LeanReader.open({ url: url + query, whole: readers.length === 0, message: (text, size) => take(text, size, reader) })
  readers.push(reader)
  for (const message of say) reader.send(message)
}

async function openPatiently(opening: Opening): Promise<void> {
  for (;;) {
    try {
      return await open(opening)
    } catch (error) {
      if (opening.patient !== true) throw error
      await pause(200)
    }
  }
}

/** One reader that comes back, by the rules of the SDK. Returns after how many ms it had a snapshot, and how often it was refused. */
async function comeBack(url: string, began: number): Promise<{ readonly ms: number; readonly refused: number }> {
  const policy = new Reconnect(Math.random)
  for (let refused = 0; ; refused++) {
    try {
      const ms = await new Promise<number>((resolve, reject) => {
        const message = (text: string): void => {
          if (text.startsWith('{"type":"snapshot"')) resolve(performance.now() - began)
        }
        LeanReader.open({ url, message, closed: () => reject(new Error('closed')) }).then(reader => readers.push(reader), reject)
      })
      return { ms, refused }
    } catch {
      // Refused: that is counted, and followed by what the SDK does.
      const decision = policy.ended({ code: 1006, reason: '', openMs: undefined })
      if (decision.phase === 'closed') throw new Error(decision.reason)
      await pause(decision.delayMs)
    }
  }
}

async function storm({ url, count, withinMs }: Storm): Promise<object> {
  const began = performance.now()
  const all = await Promise.all(
    Array.from({ length: count }, async () => {
      await pause(Math.random() * withinMs)
      return comeBack(url, began)
    }),
  )
  const times = all.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), longest: times.at(-1), refused: all.reduce((sum, { refused }) => sum + refused, 0) }
}

answer({
  /** Opens `count` connections; each reads what it is sent. */
  open: async (opening: Opening) => {
    for (let opened = 0; opened < opening.count; opened += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, opening.count - opened) }, () => openPatiently(opening)))
  },
  storm,
  closeLast: () => readers.pop()?.terminate(),
  closeAll: () => {
    for (const reader of readers.splice(0)) reader.terminate()
  },
  deltas: () => deltas,
  counts: () => ({ deltas, messages, bytes }),
  /** One delta as it came, to be held against the others. */
  example: () => last,
  /** The last `count` deltas as they came to one reader. */
  examples: (count: number) => lastWhole.slice(-count),
  /** How old deltas were when they were read, in ms, since the last question; without the readers that stall. */
  ages: () => {
    const sorted = ages.toSorted((a, b) => a - b)
    ages = []
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
    return { count: sorted.length, p50: at(0.5), p99: at(0.99) }
  },
  /** The last `count` readers read nothing any more. */
  stall: (count: number) => {
    for (const reader of readers.slice(-count)) {
      stalled.add(reader)
      reader.pause()
    }
  },
  resume: () => {
    for (const reader of stalled) {
      sinceResume.set(reader, { messages: 0, to: 0 })
      reader.resume()
    }
  },
  /** What each of those that had stalled was sent since: data messages, and the last version. */
  resumed: () => [...sinceResume.values()],
})
