import { closeSync, openSync, writeSync } from 'node:fs'
import type { Config } from '../../config/config.ts'
import type { Sink } from '../../hub/outbox.ts'
import { everything } from '../../hub/principal.ts'
import { systemClock } from '../../lib/clock.ts'
import { fastForward } from '../../lib/fast-forward.ts'
import { inWholeMs } from '../../lib/paced-clock.ts'
import { seededRandom } from '../../lib/random.ts'
import { VirtualClock } from '../../lib/virtual-clock.ts'
import type { Recording } from '../../replay/recording.ts'
import { MillraceServer } from '../../server.ts'
import { replayerOf } from './replayer-of.ts'

export interface FramesOptions {
  readonly seed: number
  /** Written anew. */
  readonly file: string
}

/** So many bytes are written at a time. */
const batchBytes = 262_144

/** A reader that is never behind: each frame is a line. */
class Lines implements Sink {
  readonly isFull = false
  readonly grants = everything
  readonly account = ''
  count = 0
  readonly #file: number
  #batch: Buffer[] = []
  #bytes = 0

  constructor(file: number) {
    this.#file = file
  }

  send(frame: Buffer): void {
    this.count++
    this.#batch.push(frame, Buffer.from('\n'))
    this.#bytes += frame.byteLength + 1
    if (this.#bytes >= batchBytes) this.flush()
  }

  sendAll(frames: readonly Buffer[]): void {
    for (const frame of frames) this.send(frame)
  }

  flush(): void {
    const batch = Buffer.concat(this.#batch)
    for (let at = 0; at < batch.byteLength;) at += writeSync(this.#file, batch, at)
    this.#batch = []
    this.#bytes = 0
  }
}

/** Replays all of a recording as fast as it can; writes what a reader of every public source and feed is sent. */
export async function writeFrames(
  config: Config,
  recording: Recording,
  { seed, file }: FramesOptions,
): Promise<{ readonly frames: number; readonly tookMs: number }> {
  const real = systemClock()
  const began = real.monotonic()
  const descriptor = openSync(file, 'wx')
  try {
    const virtual = new VirtualClock(recording.config.startMs)
    const clock = inWholeMs(virtual)
    const server = new MillraceServer({ config, clock, random: seededRandom(seed), taps: replayerOf(recording, clock), env: {} })
    const lines = new Lines(descriptor)
    const outbox = server.hub.connect(lines)
    for (const { name, public: isPublic, ...one } of [...config.sources, ...config.feeds])
      if (isPublic && !isForReadersAlone(one)) server.hub.subscribe(outbox, { feed: name }, () => undefined)
    server.graph.start()
    await fastForward(virtual, recording.lengthMs)
    lines.flush()
    await server.close()
    return { frames: lines.count, tookMs: real.monotonic() - began }
  } finally {
    closeSync(descriptor)
  }
}

/** Without a set of params there is nothing to read. */
function isForReadersAlone(one: object): boolean {
  return (
    'params' in one &&
    (one.params as readonly { readonly default?: string }[] | undefined)?.some(param => param.default === undefined) === true
  )
}
