/**
 * The token of the Authorization headers of a request (RFC 6750), by their values. Undefined: there is none; other schemes, which
 * are a proxy's business, are none. Empty, which no token is: it cannot be read, or there are two.
 */
export function bearerToken(headers: readonly string[]): string | undefined {
  const bearers = headers.filter(value => /^bearer\b/i.test(value))
  if (bearers.length === 0) return undefined
  const [only = ''] = bearers
  return bearers.length > 1 ? '' : (/^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(only)?.[1] ?? '')
}
