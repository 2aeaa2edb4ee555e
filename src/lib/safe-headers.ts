import { hidden } from './safe-text.ts'

/** Headers of which it is known that they let nobody in. */
const harmless: ReadonlySet<string> = new Set(
  (
    'accept accept-charset accept-encoding accept-language cache-control connection content-encoding content-language content-type dnt from host ' +
    'if-modified-since if-none-match origin pragma prefer range referer te upgrade-insecure-requests user-agent x-requested-with ' +
    // Of services that messages are pushed through.
    'icon markdown priority tags title'
  ).split(' '),
)

/**
 * Headers without the values of those that might be a secret, which a header of any name may be. `told` as of `valueWithoutSecrets`:
 * a value of which it tells another text is shown.
 */
export function headersWithoutSecrets(headers: unknown, told: (text: string) => string): unknown {
  if (typeof headers !== 'object' || headers === null) return headers
  const shown = (name: string, value: unknown): unknown =>
    harmless.has(name.toLowerCase()) || (typeof value === 'string' && told(value) !== value) ? value : hidden
  return Object.fromEntries(Object.entries(headers).map(([name, value]: [string, unknown]) => [name, shown(name, value)]))
}
