interface Page {
  readonly document?: { readonly baseURI: string }
  readonly location?: { readonly href: string }
}

/**
 * The socket's address, of a server's or the socket's own: http(s) becomes ws(s), `/ws` ends the path, under whatever
 * prefix a proxy serves it, and in a page a relative URL is resolved against it.
 * @throws TypeError where it is no URL, or one that no WebSocket speaks
 */
export function webSocketUrl(text: string, page: Page = globalThis as Page): string {
  const base = page.document?.baseURI ?? page.location?.href
  const url = base === undefined ? new URL(text) : new URL(text, base)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new TypeError(`no WebSocket address: ${text}`)
  if (!url.pathname.endsWith('/ws')) url.pathname = url.pathname.replace(/\/?$/, '/ws')
  url.hash = ''
  // They would subscribe beside the SDK, which then could not tell whose answer is whose.
  for (const name of ['feed', 'throttle']) url.searchParams.delete(name)
  return url.href
}
