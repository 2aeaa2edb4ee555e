import { createHash } from 'node:crypto'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { textFrame } from '../../src/connection/text-frame.ts'

test.each([
  [0, '8100'],
  [125, '817d'],
  [126, '817e007e'],
  [65_535, '817effff'],
  [65_536, '817f0000000000010000'],
])('a text of %d bytes begins with %s (RFC 6455 section 5.2)', (length, header) => {
  const payload = Buffer.alloc(length, 'x')
  expect(textFrame(payload)).toEqual(Buffer.concat([Buffer.from(header, 'hex'), payload]))
})

test('is made once for a payload, however many it is sent to', () => {
  const payload = Buffer.from('{}')
  expect(textFrame(payload)).toBe(textFrame(payload))
  expect(textFrame(Buffer.from('{}'))).not.toBe(textFrame(payload))
})

test('is what a client reads as one message', async () => {
  const texts = ['', 'Ü☃𝄞', 'x'.repeat(200), 'y'.repeat(70_000)]
  const server = createServer(socket => {
    socket.once('data', request => {
      const [, key = ''] = /Sec-WebSocket-Key: (.*)\r\n/i.exec(request.toString('latin1')) ?? []
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      for (const text of texts) socket.write(textFrame(Buffer.from(text)))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const read: string[] = []
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject)
    client.on('message', (data: Buffer) => {
      read.push(data.toString('utf8'))
      if (read.length === texts.length) resolve()
    })
  })
  client.terminate()
  server.close()
  expect(read).toEqual(texts)
})
