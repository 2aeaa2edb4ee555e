import type { DestinationStream } from 'pino'

/** One readable line per event on stderr; loaded only where a terminal is there to read it. */
export async function prettyDestination(): Promise<DestinationStream> {
  const { PinoPretty } = await import('pino-pretty')
  return PinoPretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'source,feed,cause',
  })
}
