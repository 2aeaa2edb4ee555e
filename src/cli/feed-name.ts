/** A name for the feed of a URL: the last part of its path that can be one. */
export function feedNameOf(url: string): string {
  const parts = new URL(url).pathname.split('/').reverse()
  for (const part of parts) {
    const name = part
      .toLowerCase()
      .replace(/\.[a-z0-9]+$/, '')
      .replace(/[^a-z0-9_-]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 64)
    if (name !== '') return name
  }
  return 'feed'
}

/** The URL without what may be a secret: credentials, and the values of its query. */
export function shownUrl(text: string): string {
  const url = new URL(text)
  const names = [...url.searchParams.keys()].map(name => `${encodeURIComponent(name)}=..`)
  return `${url.origin}${url.pathname}${names.length === 0 ? '' : `?${names.join('&')}`}`
}
