import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An upstream on loopback that answers what the test sets, and counts how often it is asked. */
export interface ChangingUpstream {
  readonly url: string
  requests: number
  body: string
  status: number
  close(): Promise<void>
}

export async function startChangingUpstream(body: string): Promise<ChangingUpstream> {
  const server = createServer((_request, response) => {
    upstream.requests++
    response.writeHead(upstream.status, { 'Content-Type': 'application/json' }).end(upstream.body)
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const upstream: ChangingUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: 0,
    body,
    status: 200,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return upstream
}
