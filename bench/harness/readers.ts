import { LeanReader } from './lean-reader.ts'
import { answer } from './worker.ts'

/** So many connections are opened at a time, so that no accept queue overflows. */
const atOnce = 100
/** One in so many messages is looked at for how old it is. */
const sampleEvery = 7

interface Opening {
  readonly url: string
  readonly count: number
  /** Sent by each once it is open. */
  readonly say?: readonly object[]
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
  if (deltas % sampleEvery === 0 && (reader === undefined || !stalled.has(reader)))
    ages.push(Date.now() - Number(/"at":(\d+)/.exec(text)?.[1] ?? Number.NaN))
}

async function open({ url, say = [] }: Opening): Promise<void> {
  let reader: LeanReader | undefined
  // The first one is read whole: its messages are examples.
  reader = await LeanReader.open({ url, whole: readers.length === 0, message: (text, size) => take(text, size, reader) })
  readers.push(reader)
  for (const message of say) reader.send(message)
}

answer({
  /** Opens `count` connections; each reads what it is sent. */
  open: async (opening: Opening) => {
    for (let opened = 0; opened < opening.count; opened += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, opening.count - opened) }, () => open(opening)))
  },
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
