import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { recordableConfig } from '../../src/cli/replay/recordable-config.ts'
import { recordedConfig } from '../../src/cli/replay/recorded-config.ts'
import { teller } from '../../src/cli/replay/teller.ts'
import { filesOf } from '../support/config.ts'
import { runMillrace, startMillrace } from '../support/millrace.ts'
import { configRecord, exchange, Recordings } from '../support/recordings.ts'
import { json, Upstream, type Behaviour } from '../support/upstream.ts'

let folder: string
const recordings = new Recordings()
afterAll(() => recordings.remove())

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-replay-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const millrace = (...args: string[]): ReturnType<typeof runMillrace> => runMillrace(args, { cwd: folder })
const file = (name: string): string => join(folder, name)

/** Counts up, and tells when it came to `most`; a login gives a token, without which there are no rows. */
function counting(most: number, reached: () => void): Behaviour {
  let n = 0
  const streams: (() => void)[] = []
  return (request, response) => {
    if (request.url?.startsWith('/login'))
      return json({ access_token: 'GIVEN-TOKEN', expires_in: 3600 }, { 'set-cookie': 'sid=GIVEN-COOKIE' })(request, response)
    if (request.headers.authorization !== 'Bearer GIVEN-TOKEN' && request.url?.startsWith('/guarded'))
      return json({}, {})(request, response)
    if (request.url === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = (): void => void response.write(`data: [{"id":"e","n":${n}}]\n\n`)
      streams.push(more)
      return more()
    }
    if (request.url?.startsWith('/paged?page=3') === true) return json([])(request, response)
    for (const more of streams) more()
    if (n === most) reached()
    json([{ id: 'a', n: ++n }], { 'x-session': 'GIVEN-SESSION' })(request, response)
  }
}

const secrets = ['GIVEN-TOKEN', 'GIVEN-COOKIE', 'GIVEN-SESSION', 'WRITTEN-KEY', 'WRITTEN-HEADER', 'FROM-ENVIRONMENT', 'FROM-A-FILE']

test('what is recorded, to a kill -9, can be replayed: served at a speed, and as frames, without a secret in the file', async () => {
  const upstream = await Upstream.start()
  const reached = new Promise<void>(resolve => upstream.script(counting(80, resolve)))
  const base = upstream.url.replace(/\/$/, '')
  writeFileSync(file('secret'), 'FROM-A-FILE\n')
  writeFileSync(
    file('config.yaml'),
    [
      'server: {port: 0}',
      'log: {level: error}',
      'sources:',
      '  open: {url: "${BASE}/open?api_key=WRITTEN-KEY", every: 100ms, key: id, headers: {x-mine: WRITTEN-HEADER}}',
      '  guarded:',
      '    url: ${BASE}/guarded',
      '    every: 100ms',
      '    key: id',
      '    query: {of: "${file:secret}"}',
      '    auth: {oauth2: {tokenUrl: "${BASE}/login", clientId: me, clientSecret: "${MINE}"}}',
      '  many: {url: "${BASE}/many/{k}", each: {k: [x, y]}, every: 100ms, key: id}',
      '  paged: {url: "${BASE}/paged", pages: {page: page, first: 1}, every: 100ms, key: id}',
      `  printed: {exec: ["echo", '[{"id":"p"}]'], env: {PGPASSWORD: WRITTEN-KEY}, every: 100ms, key: id}`,
      '  stream: {url: "${BASE}/stream", every: 1s, key: id}',
      'feeds:',
      '  total: {from: [open], steps: [{group: {by: [id], columns: {n: sum(n)}}}], sinks: [{webhook: {url: "https://hooks.example/${MINE}"}}]}',
    ].join('\n'),
  )
  const recorder = startMillrace(['record', 'config.yaml', '-o', 'trip.mrec'], {
    cwd: folder,
    env: { BASE: base, MINE: 'FROM-ENVIRONMENT' },
  })
  await recorder.says(/Recording {2}trip\.mrec/)
  await reached
  recorder.kill('SIGKILL')
  await recorder.end()
  await upstream.close()
  expect(statSync(file('trip.mrec')).mode & 0o077).toBe(0)

  // Nobody is asked any more: the upstream is gone.
  for (const name of ['one', 'two']) {
    const { code, stderr } = await millrace('replay', 'trip.mrec', '--frames', `${name}.jsonl`)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/of trip\.mrec in .*: \d+ frames in/) as string })
  }
  const again = await millrace('replay', 'trip.mrec', '--frames', 'trip.mrec')
  expect(again).toMatchObject({ code: 1, stderr: 'trip.mrec is there already, and is left as it is: name another file\n' })
  const served = await millrace('replay', 'trip.mrec', '--frames', 'three.jsonl', '--port', '0')
  expect(served).toMatchObject({ code: 1, stderr: '--frames serves nothing: it goes with no --port\n' })
  const frames = readFileSync(file('one.jsonl'), 'utf8')
  expect(readFileSync(file('two.jsonl'), 'utf8')).toBe(frames)
  for (const feed of ['open', 'guarded', 'many', 'paged', 'stream', 'total'])
    expect(frames).toMatch(new RegExp(`"type":"delta","feed":"${feed}"`))

  expect(frames).toMatch(/"type":"snapshot","feed":"printed".*"rows":\[\{"id":"p"\}\]/)

  const replay = startMillrace(['replay', 'trip.mrec', '--speed', '0.5', '--port', '0'], { cwd: folder })
  const [, url = ''] = await replay.says(/page\s+(http:\S+)\//)
  const tail = await millrace('tail', 'total', '--url', url, '--json', '--limit', '3')
  expect(tail.stdout.trim().split('\n')).toHaveLength(3)
  replay.kill()
  expect(await replay.ended).toBe(0)

  const kept = heldIn(file('trip.mrec'))
  expect(kept).toContain('"purpose":"login"')
  for (const secret of secrets) expect(kept + frames).not.toContain(secret)
})

/** All that a recording holds, as it was before it was packed. */
function heldIn(path: string): string {
  const bytes = readFileSync(path)
  let held = ''
  for (let at = bytes.indexOf('\n') + 1; at + 4 < bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) break
    held += inflateSync(bytes.subarray(at + 4, end)).toString('latin1')
    at = end
  }
  return held
}

describe('what cannot be recorded or replayed is refused, and why', () => {
  test('on the command line', async () => {
    writeFileSync(
      file('bad.yaml'),
      'sources: {cpu: {system: cpu}, f: {file: x.csv}, c: {exec: ls}, w: {url: "ws://127.0.0.1:9/"}, ok: "http://127.0.0.1:9/"}\n',
    )
    writeFileSync(file('good.yaml'), 'server: {port: 0}\nsources: {ok: "http://127.0.0.1:9/"}\n')
    writeFileSync(file('there.mrec'), 'mine')
    const empty = await recordings.write([[configRecord()]])
    const tried = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await millrace(...args)
      return `${code} ${stderr.split('\n')[0] ?? ''}`
    }
    expect(
      await Promise.all([
        tried('record', 'bad.yaml', '-o', 'x.mrec'),
        tried('record', 'good.yaml', '-o', 'there.mrec'),
        tried('record', 'good.yaml', '-o', 'no/such/x.mrec'),
        tried('replay', 'there.mrec'),
        tried('replay', empty),
        tried('replay', 'there.mrec', '--speed', '0'),
        tried('replay', 'there.mrec', '--speed', '2', '--frames', 'f'),
      ]),
    ).toEqual([
      "1 Only what is asked over HTTP, and of commands, can be recorded, and not 'cpu' (this machine), 'f' (a file), 'w' (a WebSocket): leave it out of a copy of bad.yaml",
      '1 there.mrec is there already, and is left as it is: name another file',
      '1 no/such/x.mrec cannot be begun: there is no such file',
      '1 there.mrec cannot be replayed: it is no recording: millrace record makes them',
      `1 ${empty} cannot be replayed: nothing was asked while it was recorded`,
      "2 error: option '--speed <factor>' argument '0' is invalid. a number above 0, at most 1000000, is needed",
      "2 error: option '--frames <file>' cannot be used with option '--speed <factor>'",
    ])
    expect(readFileSync(file('there.mrec'), 'utf8')).toBe('mine')
    expect(existsSync(file('x.mrec'))).toBe(false)
  })

  test('a source that was never asked is told, and the others are replayed', async () => {
    const config = 'sources: {a: {url: "http://u.example/a", key: id}, b: {url: "http://u.example/b", key: id}}'
    const path = await recordings.write([[configRecord(config)], [exchange(0), Buffer.from('[{"id":1}]')], [{ kind: 'stop', at: 30_000 }]])
    const { code, stderr } = await millrace('replay', path, '--frames', 'out.jsonl')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("has no answer of 'b': its polls fail") as string })
    const frames = readFileSync(file('out.jsonl'), 'utf8')
    expect(frames).toMatch(/"feed":"a","state":"fresh"/)
    expect(frames).toMatch(/"feed":"b","state":"down","cause":"upstream","reason":"the recording has no answer to GET http:..u.example.b"/)
  })
})

describe('a config that is kept', () => {
  const kept = (text: string, env: Record<string, string>, files: Record<string, string> = {}) => {
    const { tell, ...config } = recordableConfig(text, 'config.yaml', { env, readFile: filesOf({ 'config.yaml': text, ...files }) })
    return { tell, ...config, again: recordedConfig({ kind: 'config', by: '', startMs: 0, ...config }, 'trip.mrec') }
  }

  test('is the same config, but for secrets, readers, sinks and state', () => {
    const text = [
      '# a comment with a s3cret',
      'auth: {tokens: [{name: me, token: "${READER_TOKEN}"}]}',
      'state: ./state',
      'defaults: {every: "${EVERY}"}',
      'sources:',
      '  a:',
      '    url: https://user:s3cret@${HOST}/v1/${LONG_PART}?page=1&token=s3cret',
      '    key: token_id',
      '    shape: shape.json',
      '    tls: {insecure: true}',
      '    headers: {authorization: "Bearer ${TOKEN}"}',
      '    query: {limit: "${LIMIT}", sig: s3cret, of: "cost $${x}"}',
      '  b: {url: "${BASE}/b", rows: "${ROWS}", auth: {login: {request: {url: "${BASE}/in", body: {password: s3cret}}, token: data.jwt}}}',
      '  c: {exec: "psql --csv -c s3cret", env: {PGPASSWORD: "${TOKEN}"}}',
      'feeds:',
      '  f: {from: a, steps: [{derive: {token: "1 + 1"}}], sinks: [log]}',
    ].join('\n')
    const env = {
      READER_TOKEN: 'x'.repeat(40),
      EVERY: '7s',
      HOST: 'api.example',
      LONG_PART: 'a-long-secret',
      TOKEN: 'another-secret',
      LIMIT: '50',
      BASE: 'http://127.0.0.1:8000',
      ROWS: 'data.stations.list',
    }
    const { config, variables, again, tell } = kept(text, env, { 'shape.json': '{"type":"object"}' })
    for (const secret of ['s3cret', 'another-secret', 'a-long-secret', 'xxxx', 'comment']) expect(config).not.toContain(secret)
    expect(variables).toEqual({ HOST: 'stands-for-host', LONG_PART: 'stands-for-long-part', LIMIT: '50', BASE: 'http://127.0.0.1:8000' })
    if (!again.ok) throw new Error(JSON.stringify(again.problems))
    const [a, b, c] = again.config.sources
    expect(a).toMatchObject({
      everyMs: 7000,
      http: {
        url: 'https://stands-for-host/v1/stands-for-long-part?page=1&token=***&limit=50&sig=***&of=cost+%24%7Bx%7D',
        key: ['token_id'],
      },
    })
    expect(b).toMatchObject({
      http: { url: 'http://127.0.0.1:8000/b', rows: 'data.stations.list' },
      auth: { from: { kind: 'path', name: 'data.jwt' } },
    })
    expect(c).toMatchObject({ exec: { command: ['psql'], env: new Map() } })
    expect(again.config.feeds).toMatchObject([{ demand: 'always', sinks: [], steps: [{ kind: 'derive' }] }])
    expect(again.config).not.toHaveProperty('auth')
    expect(again.config).not.toHaveProperty('state')
    // What is asked is told in the same words then and now.
    const now = teller(Object.entries(variables).filter(([, value]) => value.startsWith('stands-for-')))
    expect(tell('https://api.example/v1/a-long-secret?x=api.example')).toBe(
      now('https://stands-for-host/v1/stands-for-long-part?x=stands-for-host'),
    )
  })
})
