import { existsSync } from 'node:fs'
import { systemClock, type Cancel } from '../../lib/clock.ts'
import { inWholeMs, pace, shownBy } from '../../lib/paced-clock.ts'
import { seededRandom } from '../../lib/random.ts'
import { asOneLine } from '../../lib/safe-text.ts'
import { formatDuration } from '../../lib/unit.ts'
import { VirtualClock } from '../../lib/virtual-clock.ts'
import type { Config } from '../../config/config.ts'
import { Recording, RecordingError } from '../../replay/recording.ts'
import { reportProblems } from '../problems.ts'
import { serve } from '../serve.ts'
import { writeFrames } from './frames.ts'
import { recordedConfig } from './recorded-config.ts'
import { replayerOf } from './replayer-of.ts'

export interface ReplayOptions {
  readonly speed: number
  readonly seed: number
  readonly port?: number
  /** Where the frames are written, instead of serving them. */
  readonly frames?: string
}

/** `millrace replay <recording>`: exit 1 where it cannot be replayed. */
export async function replayRecording(file: string, options: ReplayOptions): Promise<void> {
  process.exitCode = 1
  const recording = opened(file)
  if (recording === undefined) return
  const result = recordedConfig(recording.config, file)
  if (!result.ok) {
    reportProblems(result.problems)
    return refuse(file, 'the config in it is none that this millrace can use')
  }
  if (recording.requests === 0) return refuse(file, 'nothing was asked while it was recorded')
  const { config } = result
  reportGaps(file, config, recording)
  if (options.frames !== undefined) {
    if (options.port !== undefined) return say('--frames serves nothing: it goes with no --port')
    if (existsSync(options.frames)) return say(`${options.frames} is there already, and is left as it is: name another file`)
    process.exitCode = undefined
    const { frames, tookMs } = await writeFrames(config, recording, { ...options, file: options.frames })
    say(
      `${formatDuration(Math.round(recording.lengthMs))} of ${file} in ${formatDuration(Math.round(tookMs))}: ${frames} frames in ${options.frames}`,
    )
    recording.close()
    return
  }
  process.exitCode = undefined
  await serveRecording(file, config, recording, options)
}

async function serveRecording(file: string, config: Config, recording: Recording, { speed, seed, port }: ReplayOptions): Promise<void> {
  const { startMs } = recording.config
  const { lengthMs } = recording
  const real = systemClock()
  const virtual = new VirtualClock(startMs)
  const clock = inWholeMs(virtual)
  const taps = replayerOf(recording, clock)
  const from = `${file}, recorded at ${new Date(startMs).toISOString()}, at ${speed} times its speed`
  const cancels: Cancel[] = []
  await serve({
    config: port === undefined ? config : { ...config, server: { ...config.server, port } },
    from,
    example: config.feeds[0]?.name ?? config.sources[0]?.name ?? 'quotes',
    world: { clock, readerClock: shownBy(clock, real), random: seededRandom(seed), taps, env: {} },
    started: () => {
      virtual.after(lengthMs, () => say('The recording is over: time stands still, and what was shown last stays'))
      cancels.push(pace(virtual, real, { speed, lengthMs }))
      return ['', `  Replaying  ${formatDuration(Math.round(lengthMs))} in ${formatDuration(Math.round(lengthMs / speed))}`]
    },
    stopped: () => {
      for (const cancel of cancels) cancel()
      recording.close()
      return Promise.resolve()
    },
  })
}

function opened(file: string): Recording | undefined {
  try {
    return new Recording(file)
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error
    return refuse(file, error.message)
  }
}

/** What is missing that may be missed. */
function reportGaps(file: string, { sources }: Config, recording: Recording): void {
  const { tornBytes } = recording
  if (tornBytes > 0) say(`${file} was broken off: its last ${tornBytes} bytes are no whole record, and are left out`)
  const names = new Set([...recording.sources].map(name => name.replace(/\?.*$/, '')))
  const absent = sources.flatMap(({ name }) => (names.has(name) ? [] : [`'${name}'`]))
  if (absent.length > 0) say(`${file} has no answer of ${absent.join(', ')}: ${absent.length === 1 ? 'its' : 'their'} polls fail`)
}

function refuse(file: string, why: string): undefined {
  say(`${file} cannot be replayed: ${why}`)
  process.exitCode = 1
}

function say(sentence: string): void {
  process.stderr.write(`${asOneLine(sentence)}\n`)
}
