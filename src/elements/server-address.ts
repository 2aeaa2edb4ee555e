/**
 * The server that an element reads: the one its attribute names, relative to the page; else the one its script was loaded from; else,
 * where the script is part of a bundle, the page's own.
 * @throws TypeError where the attribute is no URL
 */
export function serverAddress(attribute: string, scriptUrl: string, pageUrl: string): string {
  if (attribute !== '') return new URL(attribute, pageUrl).href
  return /\/elements\.js(\?|$)/.test(scriptUrl) ? new URL('./', scriptUrl).href : new URL('./', pageUrl).href
}
