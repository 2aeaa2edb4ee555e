import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'

/** What the stages write to; one line per change of state, never one per poll. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>

/** A logger whose level can be set while it is in use. */
export type LeveledLogger = Logger & Pick<PinoLogger, 'level'>

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; default stderr (fd 2). */
  readonly destination?: DestinationStream
}

export function createLogger(options: LogOptions): LeveledLogger {
  return pino({ level: options.level, base: null }, options.destination ?? pino.destination({ fd: 2, sync: true }))
}

/** A logger for library use and tests: nothing is written. */
export const silentLogger: Logger = pino({ level: 'silent' })
