import { describe, expect, test } from 'vitest'
import { judgeRequest, type DoorRules } from '../../src/connection/door.ts'
import { TrustedProxies } from '../../src/connection/trusted-proxies.ts'

const rules: DoorRules = {
  hosts: ['live.example'],
  origins: ['https://status.example', 'https://status.example:8443'],
  proxies: new TrustedProxies(['10.0.0.0/8', '2001:db8::/32']),
  maxHeaders: 10,
  maxUrlBytes: 100,
}

function judge(headers: readonly (readonly [string, string])[], peer = '192.0.2.1'): number {
  return judgeRequest({ rawHeaders: headers.flat(), socket: { remoteAddress: peer } }, rules)?.status ?? 200
}

describe('Host', () => {
  test.each([
    ['localhost', 200],
    ['localhost:8080', 200],
    ['LOCALHOST:8080', 200],
    ['127.0.0.1:8080', 200],
    ['192.168.1.7', 200],
    ['[::1]:8080', 200],
    ['[2001:db8::7]', 200],
    ['live.example', 200],
    ['Live.Example:443', 200],
    ['evil.example', 403],
    ['live.example.evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:8080', 403],
    ['', 400],
    ['localhost:8080:9', 400],
    ['localhost/path', 400],
    ['user@localhost', 400],
    ['a b', 400],
    ['[::1', 400],
    ['localhost:99999', 400],
  ])('%j is %d', (host, status) => {
    expect(judge([['Host', host]])).toBe(status)
  })

  test('none, or two of them, are refused, however they are spelt', () => {
    expect(judge([])).toBe(400)
    expect(
      judge([
        ['Host', 'localhost'],
        ['hOST', 'localhost'],
      ]),
    ).toBe(400)
  })

  test('the refusal names the setting that lets the name in', () => {
    expect(judgeRequest({ rawHeaders: ['Host', 'evil.example:80'], socket: {} }, rules)?.text).toBe(
      'unknown host: add evil.example to server.hosts',
    )
  })
})

describe('Origin', () => {
  const withOrigin = (origin: string, host = 'localhost:8080'): number =>
    judge([
      ['Host', host],
      ['Origin', origin],
    ])

  test.each([
    ['http://localhost:8080', 'localhost:8080', 200],
    ['http://localhost:8081', 'localhost:8080', 403],
    ['http://127.0.0.1:8080', 'localhost:8080', 403],
    ['http://[::1]:8080', '[::1]:8080', 200],
    ['http://localhost', 'localhost', 200],
    ['http://localhost', 'localhost:80', 200],
    ['https://live.example', 'live.example', 200],
    ['https://live.example', 'live.example:443', 200],
    ['https://live.example', '127.0.0.1:8080', 200],
    ['https://status.example', 'live.example', 200],
    ['https://status.example:8443', 'live.example', 200],
    ['http://status.example', 'live.example', 403],
    ['https://status.example:9', 'live.example', 403],
    ['https://evil.example', 'live.example', 403],
    ['https://live.example.evil.example', 'live.example', 403],
    ['null', 'localhost:8080', 403],
    ['', 'localhost:8080', 403],
    ['file://', 'localhost:8080', 403],
    ['chrome-extension://live.example', 'live.example', 403],
  ])('%s at Host %s is %d', (origin, host, status) => {
    expect(withOrigin(origin, host)).toBe(status)
  })

  test('two of them are refused; none is a program', () => {
    const host = ['Host', 'localhost'] as const
    expect(judge([host, ['Origin', 'http://localhost'], ['Origin', 'http://localhost']])).toBe(403)
    expect(judge([host])).toBe(200)
  })

  test('the refusal is one printable line of bounded length', () => {
    const text =
      judgeRequest({ rawHeaders: ['Host', 'localhost', 'Origin', `http://é\u001b[31m${'x'.repeat(500)}`], socket: {} }, rules)?.text ?? ''
    expect(text).toMatch(/^[\x20-\x7e]{1,250}$/)
    expect(text).toContain('server.origins')
  })
})

describe('behind a proxy', () => {
  const internal = ['Host', 'millrace:8080'] as const
  test.each<[string, string, number]>([
    ['10.1.2.3', 'live.example', 200],
    ['::ffff:10.1.2.3', 'live.example', 200],
    ['2001:db8::5', 'live.example', 200],
    ['10.1.2.3', 'evil.example', 403],
    ['10.1.2.3', 'evil.example, live.example', 200],
    ['10.1.2.3', 'live.example, evil.example', 403],
    ['192.0.2.1', 'live.example', 403],
  ])('from %s X-Forwarded-Host %j is %d', (peer, forwarded, status) => {
    expect(judge([internal, ['X-Forwarded-Host', forwarded]], peer)).toBe(status)
  })

  test('the Origin of a page is held against the host that was asked for', () => {
    const forwarded = ['X-Forwarded-Host', 'live.example'] as const
    expect(judge([internal, forwarded, ['Origin', 'https://live.example']], '10.1.2.3')).toBe(200)
    expect(judge([internal, forwarded, ['Origin', 'https://evil.example']], '10.1.2.3')).toBe(403)
  })

  test.each<[string, string, string, number]>([
    ['10.1.2.3', 'https', 'https://live.example', 200],
    ['10.1.2.3', 'https', 'http://live.example', 403],
    ['10.1.2.3', 'HTTPS', 'http://live.example', 403],
    ['10.1.2.3', 'http, https', 'http://live.example', 403],
    // A proxy behind another one, which ends TLS.
    ['10.1.2.3', 'http', 'https://live.example', 200],
    ['10.1.2.3', 'http', 'http://live.example', 200],
    ['10.1.2.3', 'gopher', 'http://live.example', 200],
    ['192.0.2.1', 'https', 'http://live.example', 200],
  ])('from %s X-Forwarded-Proto %j, a page of %s is %d', (peer, scheme, origin, status) => {
    const headers = [
      ['Host', 'live.example'],
      ['X-Forwarded-Proto', scheme],
      ['Origin', origin],
    ] as const
    expect(judge(headers, peer)).toBe(status)
  })

  test('two Hosts are two, whatever a proxy says', () => {
    expect(judge([internal, internal, ['X-Forwarded-Host', 'live.example']], '10.1.2.3')).toBe(400)
  })

  test.each<[string, string | undefined, string]>([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['::ffff:10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['10.0.0.1', '198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['10.0.0.1', '198.51.100.7:4711', '198.51.100.7'],
    ['10.0.0.1', '[2001:db9::7]:443', '2001:db9::7'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.7, <script>', '10.0.0.1'],
  ])('the client of %s with X-Forwarded-For %j is %s', (peer, forwarded, client) => {
    const headers = forwarded === undefined ? [] : ['X-Forwarded-For', forwarded]
    expect(rules.proxies.clientOf(peer, headers)).toBe(client)
  })
})
