import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const style = `:root { color-scheme: light dark } body { max-width: 60rem; margin: 2rem auto; background: Canvas; font-family: serif }
  main { display: grid; gap: 1rem }`

/** A page of somebody else's: another origin than Millrace's, with a strict policy of its own. */
export class HostPage {
  readonly #server = createServer((request, response) => {
    if (request.url === '/style.css') return void response.writeHead(200, { 'Content-Type': 'text/css' }).end(style)
    const page = this.pages.get(request.url ?? '')
    if (page === undefined) return void response.writeHead(404).end()
    const { policy, body, type = 'text/html; charset=utf-8' } = page
    response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy }).end(body)
  })
  /** By path. */
  readonly pages = new Map<string, { readonly policy: string; readonly body: string; readonly type?: string }>()

  static async start(): Promise<HostPage> {
    const host = new HostPage()
    await new Promise<void>(resolve => {
      host.#server.listen(0, '127.0.0.1', resolve)
    })
    return host
  }

  /** By name, so that it is another host than the address that Millrace is reached by. */
  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** Serves a page that may load scripts from, and connect to, `millrace` alone. @returns its address */
  serve(path: string, millrace: string, markup: string): string {
    const { origin, host } = new URL(millrace)
    const policy = `default-src 'none'; script-src ${origin}; connect-src ${origin} ws://${host}; frame-src ${origin}; img-src 'self'; style-src 'self'`
    const head =
      '<meta charset="utf-8" /><link rel="stylesheet" href="style.css" /><title>A page of somebody</title><meta name="viewport" content="width=device-width" />'
    this.pages.set(path, { policy, body: `<!doctype html><html lang="en"><head>${head}</head><body>${markup}</body></html>` })
    return this.origin + path
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}
