import { hash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cancel, Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { newCity, publishMs, ride, stationStatus } from './bike.ts'
import { newMarket, quotes, trade } from './market.ts'
import { minuteOfStorm, newGrid, outages } from './storm.ts'
import { modes, Switch } from './switch.ts'
import { unplugFile } from './unplug-page.ts'

export interface Upstream {
  /** `http://127.0.0.1:41234` */
  readonly url: string
  /** Serves the demonstration `/unplug` as well, beside the Millrace that is at `server`. */
  showUnplug(server: string): void
  close(): Promise<void>
}

/** The market moves several times a second. */
const tradeMs = 250
/** The storm moves once a second. */
const stormMs = 1000
const marketPath = '/market/quotes.json'

interface Document {
  readonly body: string
  readonly etag: string
  readonly modified: string
}

function documentOf(value: unknown, nowMs: number): Document {
  const body = JSON.stringify(value)
  return { body, etag: `"${hash('sha1', body).slice(0, 16)}"`, modified: new Date(nowMs).toUTCString() }
}

/** Serves a bike-share city, a small market and the day of a storm on a loopback port, as any API would: JSON, ETag, 304. */
export async function startUpstream({ clock, random }: { readonly clock: Clock; readonly random: Random }): Promise<Upstream> {
  const city = newCity(random, clock.now())
  const market = newMarket(random)
  const documents = new Map<string, Document>()
  const timers = new Map<string, Cancel>()
  const publish = (path: string, everyMs: number, make: () => unknown): void => {
    documents.set(path, documentOf(make(), clock.now()))
    timers.set(
      path,
      clock.after(everyMs, () => publish(path, everyMs, make)),
    )
  }
  publish('/gbfs/station_status.json', publishMs, () => {
    ride(city, random, clock.now())
    return stationStatus(city, clock.now())
  })
  const grid = newGrid(random)
  const startedMs = clock.now()
  publish('/outage/districts.json', stormMs, () => outages(grid, minuteOfStorm(clock.now() - startedMs)))
  publish(marketPath, tradeMs, () => {
    trade(market, random)
    return quotes(market)
  })
  const plug = new Switch()
  let millrace: string | undefined
  const server = createServer((request, response) => {
    const { url = '', method } = request
    const file = millrace === undefined ? undefined : unplugFile(url, millrace)
    if (file !== undefined) response.writeHead(200, { 'Content-Type': file.type, 'Content-Security-Policy': file.policy }).end(file.text)
    else if (method === 'POST') turn(plug, request, response)
    else if (url !== marketPath || !plug.answer(request, response)) answer(request, response, documents)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    showUnplug(server) {
      millrace = server
    },
    close: () =>
      new Promise(resolve => {
        for (const cancel of timers.values()) cancel()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** `POST /switch/hang`, by the page that is served here and no other. */
function turn(plug: Switch, { url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const mode = modes.find(mode => url === `/switch/${mode}`)
  if (headers.origin !== `http://${headers.host ?? ''}` || mode === undefined) {
    response.writeHead(mode === undefined ? 404 : 403).end()
    return
  }
  plug.set(mode)
  response.writeHead(204).end()
}

function answer(request: IncomingMessage, response: ServerResponse, documents: ReadonlyMap<string, Document>): void {
  const document = documents.get(request.url ?? '')
  if (document === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found')
    return
  }
  const headers = { ETag: document.etag, 'Last-Modified': document.modified, 'Cache-Control': 'no-cache' }
  if (request.headers['if-none-match'] === document.etag) response.writeHead(304, headers).end()
  else response.writeHead(200, { ...headers, 'Content-Type': 'application/json' }).end(document.body)
}
