import { createServer, request as ask, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'

/** A reverse proxy that serves `target` under a path prefix, WebSocket included, as nginx does with `location /live/`. */
export async function startPrefixProxy(target: string, prefix: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { hostname, port } = new URL(target)
  const inside = (request: IncomingMessage) => (request.url ?? '/').replace(prefix, '/')
  const server = createServer((request, response) => {
    if (request.url?.startsWith(prefix) !== true) {
      response.writeHead(404).end('outside the prefix')
      return
    }
    request.pipe(
      ask({ hostname, port, path: inside(request), method: request.method, headers: request.headers }, answer => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      }),
    )
  })
  const sockets = new Set<{ destroy(): void }>()
  server.on('upgrade', (request, socket, head) => {
    const onward = connect(Number(port), hostname, () => {
      const headers = request.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1] ?? ''}`] : []))
      onward.write([`GET ${inside(request)} HTTP/1.1`, ...headers, '', ''].join('\r\n'))
      onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    for (const end of [socket, onward]) {
      sockets.add(end)
      end.on('error', () => end.destroy())
    }
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    close: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
