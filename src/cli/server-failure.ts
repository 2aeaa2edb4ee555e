import { webSocketUrl } from '../client/server-url.ts'
import type { Millrace } from '../client/face.ts'
import { forTerminal } from '../lib/safe-text.ts'
import { tokenHint, unauthorized } from './token-source.ts'

/** Rejects once the server at a URL cannot be reached, or refuses; `needs`: what the token has to open beside. */
export function failureOf(millrace: Pick<Millrace, 'onState'>, url: string, needs = ''): Promise<never> {
  return new Promise((_resolve, reject) => {
    millrace.onState(({ phase, reason, code }) => {
      const hint = code === unauthorized ? `\n${[tokenHint, needs].filter(Boolean).join(' ')}` : ''
      if (phase === 'disconnected' || phase === 'refused' || phase === 'closed')
        reject(new Error(`${phase}, ${webSocketUrl(url)}${reason === undefined ? '' : `: ${reason}`}${hint}`))
    })
  })
}

/** Lines whose words may be a server's, or an upstream's: no terminal obeys them. */
export function terminalLines(lines: readonly string[]): string {
  return lines
    .flatMap(line => line.split('\n'))
    .map(line => `${forTerminal(line)}\n`)
    .join('')
}

/** Says on stderr why a command has failed; exit 1. */
export function fail(error: unknown): void {
  process.stderr.write(terminalLines([error instanceof Error ? error.message : String(error)]))
  process.exitCode = 1
}
