import type { Config, SourceConfig } from '../config/config.ts'
import { inputsOf } from '../config/feed-section.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger, type LeveledLogger } from '../lib/log.ts'
import { formatDuration } from '../lib/unit.ts'
import { version } from '../lib/version.ts'
import { MillraceServer, type ServerOptions } from '../server.ts'
import { StateError } from '../state/state-error.ts'
import { prettyDestination } from './pretty-log.ts'
import { ConfigReload, type ConfigRead } from './reload.ts'

export interface ServeOptions {
  readonly config: Config
  /** Where the config is from, for people. */
  readonly from: string
  /** A feed that the banner's example follows. */
  readonly example: string
  /** How the config is read again; without it there is nothing to read. `files`: those that were read for it. */
  readonly reload?: { readonly files: ReadonlySet<string>; readonly read: () => Promise<ConfigRead> }
  /** By which time it lives, and who answers its sources; default: this machine and their origins. */
  readonly world?: Pick<ServerOptions, 'clock' | 'readerClock' | 'random' | 'taps' | 'env'>
  /** Called once it listens at `url`; the lines it gives are told to people. */
  readonly started?: (url: string) => readonly string[]
  /** Called when the server has stopped. */
  readonly stopped?: () => Promise<void>
}

/** A second signal, or a start that failed. */
const failed = 1

export async function loggerOf(config: Config): Promise<LeveledLogger> {
  const { level, format } = config.log
  const pretty = format === 'pretty' || (format === undefined && process.stderr.isTTY)
  return createLogger({ level, ...(pretty ? { destination: await prettyDestination() } : {}) })
}

/**
 * Serves until SIGTERM or SIGINT; then drains and exits 0. A second signal ends at once with 1. At SIGHUP, and when it changes, the
 * config file is taken over anew.
 */
export async function serve({ config, from, example, reload, world, started, stopped }: ServeOptions): Promise<void> {
  const log = await loggerOf(config)
  const server = new MillraceServer({ ...world, config, log })
  const reloading = reload && new ConfigReload({ server, log, clock: systemClock(), read: reload.read }, reload.files)
  // Before anybody is told that it serves: a signal without a listener ends the process.
  process.on('SIGHUP', () => {
    if (reloading === undefined) log.warn('SIGHUP: there is no config file to read again, and nothing has changed')
    else reloading.reload()
  })
  try {
    await server.listen()
  } catch (error) {
    process.stderr.write(`${whyNotListening(error, config)}\n`)
    reloading?.close()
    await server.close()
    await stopped?.()
    process.exitCode = failed
    return
  }
  let signals = 0
  const stop = async (): Promise<void> => {
    if (++signals > 1) process.exit(failed)
    reloading?.close()
    await server.close()
    await stopped?.()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop().catch((error: unknown) => {
        log.error({ err: error }, 'the server could not stop in order')
        process.exit(failed)
      })
    })
  }
  process.stderr.write(banner(config, from, server.url, { example, more: started?.(server.url) ?? [] }))
}

function whyNotListening(error: unknown, { server: { host, port } }: Config): string {
  if (error instanceof StateError) return error.message
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use: stop what listens there, or choose another with --port or server.port.`
  if (code === 'EACCES')
    return `Port ${port} on ${host} needs rights that this process has not: choose one above 1023 with --port or server.port.`
  if (code === 'EADDRNOTAVAIL') return `${host} is no address of this machine: choose another for server.host.`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${host} is no name that this machine knows: choose another for server.host.`
  throw error
}

function banner(
  config: Config,
  from: string,
  url: string,
  { example, more }: { readonly example: string; readonly more: readonly string[] },
): string {
  const lines = [
    `millrace ${version}, ${from}`,
    ...config.sources.map(source => `  source ${source.name}, ${paceOf(source)}`),
    ...config.feeds.map(feed => `  feed   ${feed.name}, from ${inputsOf(feed).join(', ')}`),
    '',
    `  page       ${url}/`,
    `  WebSocket  ${url.replace(/^http/, 'ws')}${config.server.path}`,
    `  HTTP       ${url}/feeds  ${url}/health  ${url}/metrics`,
    `  auth       ${authLine(config)}`,
    ...more,
    '',
    `  Try: npx millrace tail ${example}${url.endsWith(':8080') ? '' : ` --url ${url}`}`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

function paceOf({ everyMs, adaptive, cron }: SourceConfig): string {
  if (cron !== undefined) return `at ${cron}`
  const pace = formatDuration(everyMs)
  return adaptive === undefined ? `every ${pace}` : `one request per ${pace} on average`
}

function authLine({ auth }: Config): string {
  if (auth === undefined || auth === 'none') return 'none: whoever reaches this address reads everything'
  return `by token: ${auth.tokens.map(({ name }) => name).join(', ')}`
}
