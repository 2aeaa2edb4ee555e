import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from './worker.ts'

const large = Buffer.alloc(1024 ** 2, '[1,2,3,4,5,6,7],')
const largeMiB = 50

const faults: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/hang': () => undefined,
  '/drip': response => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    const drip = setInterval(() => response.write(' '), 100)
    response.on('close', () => clearInterval(drip))
  },
  '/reset': response => response.socket?.resetAndDestroy(),
  '/large': response => {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    let left = largeMiB
    const more = (): void => {
      while (left-- > 0 && response.write(large));
      if (left <= 0) response.end()
    }
    response.on('drain', more)
    more()
  },
}

const server = createServer((request, response) => {
  const { url = '' } = request
  const fault = faults[url]
  if (fault !== undefined) return fault(response)
  response.writeHead(200, { 'Content-Type': 'application/json' }).end('[{"id":1,"n":1}]')
})

answer({
  listen: () =>
    new Promise<string>(resolve => {
      server.listen(0, '127.0.0.1', 4096, () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    }),
})
