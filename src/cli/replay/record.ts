import { closeSync, openSync, readFileSync } from 'node:fs'
import { asOneLine } from '../../lib/safe-text.ts'
import { systemClock } from '../../lib/clock.ts'
import { version } from '../../lib/version.ts'
import type { Config, SourceConfig } from '../../config/config.ts'
import { readFault } from '../../config/variable.ts'
import { Recorder } from '../../replay/recorder.ts'
import { RecordingWriter } from '../../replay/recording-writer.ts'
import { reportMissing, reportProblems } from '../problems.ts'
import { readConfig } from '../reload.ts'
import { isScript } from '../config-file.ts'
import { serve } from '../serve.ts'
import { recordableConfig } from './recordable-config.ts'

export interface RecordOptions {
  /** The file that is begun. */
  readonly output: string
  readonly port?: number
}

/** What asks neither an HTTP server nor a command, and so cannot be recorded. */
const kinds: Partial<Readonly<Record<SourceConfig['kind'], string>>> = {
  system: 'this machine',
  file: 'a file',
  webSocket: 'a WebSocket',
}

/** `millrace record <config> -o <file>`: exit 1 where the config cannot be used or recorded, or the file cannot be begun. */
export async function recordConfig(file: string, options: RecordOptions): Promise<void> {
  process.exitCode = 1
  if (reportMissing(file)) return
  if (isScript(file))
    return say(`${file} is a program, of which a recording cannot keep all that it reads: record a config in YAML or JSON`)
  const { result } = await readConfig(file, options)
  if (!result.ok) return reportProblems(result.problems)
  if (result.warnings.length > 0) reportProblems(result.warnings)
  const { config } = result
  const unheard = config.sources.flatMap(({ name, kind }) => (kinds[kind] === undefined ? [] : [`'${name}' (${kinds[kind]})`]))
  if (unheard.length > 0)
    return say(
      `Only what is asked over HTTP, and of commands, can be recorded, and not ${unheard.join(', ')}: leave it out of a copy of ${file}`,
    )
  const descriptor = begun(options.output)
  if (descriptor === undefined) return
  process.exitCode = undefined
  await record(descriptor, config, file, options.output)
}

async function record(descriptor: number, config: Config, file: string, output: string): Promise<void> {
  const clock = systemClock()
  const writer = new RecordingWriter(descriptor, error => {
    say(`The recording cannot be written: ${error.message}. What ${output} holds so far can be replayed.`)
    process.exit(1)
  })
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const { tell, ...kept } = recordableConfig(readFile(file), file, { env: process.env, readFile })
  writer.append({ kind: 'config', by: `millrace/${version}`, startMs: clock.now(), ...kept })
  const recorder = new Recorder({ writer, clock, tell })
  await serve({
    config: { ...config, sources: config.sources.map(awake) },
    from: `${file}, recorded in ${output}`,
    example: config.feeds[0]?.name ?? config.sources[0]?.name ?? 'quotes',
    world: { clock, taps: recorder },
    started: () => ['', `  Recording  ${output} until this ends; every source is asked, whether it is read or not`],
    stopped: async () => {
      await recorder.stop()
      closeSync(descriptor)
    },
  })
}

/** A recording is of use for any reader: nothing sleeps. */
function awake(source: SourceConfig): SourceConfig {
  const isForReadersAlone = source.kind === 'http' && source.params?.some(param => param.default === undefined) === true
  return isForReadersAlone ? source : { ...source, demand: 'always' }
}

/** For its owner alone: what was answered may be nobody else's business. */
function begun(output: string): number | undefined {
  try {
    return openSync(output, 'wx', 0o600)
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    say(isThere ? `${output} is there already, and is left as it is: name another file` : `${output} cannot be begun: ${readFault(error)}`)
    return undefined
  }
}

function say(sentence: string): void {
  process.stderr.write(`${asOneLine(sentence)}\n`)
}
