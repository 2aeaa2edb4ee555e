import { pino, type DestinationStream, type LogFn, type Logger as PinoLogger } from 'pino'
import { asOneLine, withoutSecrets } from './safe-text.ts'

/** What the stages write to; one line per change of state, never one per poll. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>

/** A logger whose level can be set while it is in use. */
export type LeveledLogger = Logger & Pick<PinoLogger, 'level'>

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; default stderr (fd 2). */
  readonly destination?: DestinationStream
}

/** Whatever is logged becomes one line without secrets, in JSON and pretty, whoever made up the names and reasons in it. */
export function createLogger(options: LogOptions): LeveledLogger {
  return pino(
    { level: options.level, base: null, serializers: { err: printError }, hooks: { logMethod: logSafely } },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  )
}

function safe(text: string): string {
  return asOneLine(withoutSecrets(text))
}

function logSafely(this: PinoLogger, args: Parameters<LogFn>, method: LogFn): void {
  const [facts, ...others] = args.map(arg => (typeof arg === 'string' ? safe(arg) : arg)) as Parameters<LogFn>
  method.apply(this, [safeFacts(facts), ...others] as Parameters<LogFn>)
}

function safeFacts(facts: unknown): unknown {
  if (typeof facts !== 'object' || facts === null || facts instanceof Error) return facts
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? safe(value) : value]),
  )
}

/** What of an error may be told: not its further members, which may hold a request with its headers. */
function printError(error: unknown): unknown {
  if (!(error instanceof Error)) return safe(String(error))
  const { name, message, stack = '' } = error
  const code = 'code' in error && typeof error.code === 'string' ? { code: safe(error.code) } : {}
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line))
  return { type: safe(name), message: safe(message), ...code, stack: [safe(`${name}: ${message}`), ...frames.map(safe)].join('\n') }
}

/** A logger for library use and tests: nothing is written. */
export const silentLogger: Logger = pino({ level: 'silent' })
