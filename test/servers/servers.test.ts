import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { configOf } from '../../src/config/load.ts'
import type { Row } from '../../src/model/row.ts'
import { MillraceServer } from '../../src/server.ts'
import { freePort } from '../support/free-port.ts'
import { nginxConfig, type NginxParts } from '../support/nginx-config.ts'
import { Program, run } from '../support/program.ts'

/**
 * Sources of real servers, whose programs have to be there (Debian: nginx-light, prometheus, prometheus-node-exporter, postgresql, git).
 * `MILLRACE_SERVERS=1 npx vitest run test/servers`
 */
const isWanted = process.env['MILLRACE_SERVERS'] !== undefined

/** PostgreSQL does not run as root. */
const postgresUser = process.getuid?.() === 0 ? 'postgres' : undefined

function asPostgres(command: readonly string[]): [string, readonly string[]] {
  const [program = '', ...rest] = postgresUser === undefined ? command : ['runuser', '-u', postgresUser, '--', ...command]
  return [program, rest]
}

function partsOf(folder: string): NginxParts {
  return {
    http: [
      'types { application/json json; text/csv csv; application/rss+xml rss; }',
      "log_format asked '$uri $status $sent_http_content_encoding';",
      'gzip on;',
      'gzip_min_length 1;',
      'gzip_types application/json;',
    ],
    server: [
      `location /listing/ { alias ${folder}/listing/; autoindex on; autoindex_format json; }`,
      'location /status { stub_status; }',
      `location /static/ { alias ${folder}/static/; }`,
      `location /repository/ { alias ${folder}/repository/; }`,
      `location /guarded/ { alias ${folder}/static/; auth_basic "guarded"; auth_basic_user_file ${folder}/users; }`,
    ],
  }
}

const rss = (title: string): string =>
  `<rss version="2.0"><channel><title>News</title><item><guid>n1</guid><title>${title}</title><link>http://x.example/1</link></item></channel></rss>`

describe.skipIf(!isWanted)('real servers', () => {
  let folder: string
  let server: MillraceServer
  const programs: Program[] = []
  const wait = { timeout: 20_000, interval: 50 }

  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=Author', '-c', 'user.email=author@x.example']
    execFileSync('git', ['-C', join(folder, 'repository'), ...identity, ...args], { stdio: 'ignore' })
  }
  const writeStations = (bikes: number): void =>
    writeFileSync(join(folder, 'static', 'stations.json'), JSON.stringify([{ id: 'x', bikes, text: 'p'.repeat(500) }]))
  const commit = (rows: string, title: string): void => {
    writeFileSync(join(folder, 'repository', 'prices.csv'), rows)
    writeFileSync(join(folder, 'repository', 'news.rss'), rss(title))
    git('add', '.')
    git('commit', '-m', title)
  }
  const start = (command: string, args: readonly string[]): void => void programs.push(new Program(command, args, { cwd: folder }))
  const answers = (url: string) => async (): Promise<boolean> => (await fetch(url).catch(() => undefined)) !== undefined

  async function startPostgres(port: number): Promise<void> {
    const data = join(folder, 'postgres')
    mkdirSync(data)
    if (postgresUser !== undefined) {
      const [user, group] = ['-u', '-g'].map(flag => Number(execFileSync('id', [flag, postgresUser]).toString()))
      chownSync(data, user ?? 0, group ?? 0)
    }
    const bin = execFileSync('pg_config', ['--bindir']).toString().trim()
    const made = await run(...asPostgres([join(bin, 'initdb'), '-D', data, '-U', 'millrace', '-A', 'trust', '--no-sync']))
    expect(made).toMatchObject({ code: 0 })
    start(...asPostgres([join(bin, 'postgres'), '-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', data, '-c', 'fsync=off']))
    const ready = async (): Promise<boolean> => (await query(port, 'select 1')).code === 0
    await vi.waitUntil(ready, wait)
    await query(
      port,
      `create table orders (id int primary key, state text, total numeric); insert into orders values (1, 'open', 9.5), (2, 'paid', 20)`,
    )
  }

  const query = (port: number, text: string): ReturnType<typeof run> =>
    run('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'millrace', '-d', 'postgres', '-c', text])

  const rowsOf = (name: string): Map<string, Row> => new Map(server.graph.feed(name)?.store.rows())
  const isFresh = (name: string) => (): boolean => server.graph.feed(name)?.freshness.state === 'fresh'
  const served = (path: string): string[] =>
    readFileSync(join(folder, 'access.log'), 'utf8')
      .split('\n')
      .filter(line => line.startsWith(`${path} `))

  let postgres: number

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-servers-'))
    // The workers of nginx are another user.
    chmodSync(folder, 0o755)
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
    const [nginx, node, prometheus] = ports
    postgres = ports[3]
    for (const part of ['listing', 'static', 'repository']) mkdirSync(join(folder, part))
    writeFileSync(join(folder, 'listing', 'a.txt'), 'one')
    writeStations(3)
    const password = execFileSync('openssl', ['passwd', '-apr1', 'open sesame']).toString().trim()
    writeFileSync(join(folder, 'users'), `me:${password}\n`)
    writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, nginx, partsOf(folder)))
    git('init')
    commit('sku,price\na,1.5\nb,2\n', 'first')
    const scrape = { job_name: 'node', static_configs: [{ targets: [`127.0.0.1:${node}`] }] }
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [scrape] }))
    start('nginx', ['-c', join(folder, 'nginx.conf')])
    start('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${node}`])
    start('prometheus', [`--web.listen-address=127.0.0.1:${prometheus}`, '--config.file=prometheus.yml', '--storage.tsdb.path=prom'])
    await Promise.all([
      startPostgres(postgres),
      ...[nginx, node, prometheus].map(port => vi.waitUntil(answers(`http://127.0.0.1:${port}/status`), wait)),
    ])
    const at = `http://127.0.0.1:${nginx}`
    const loaded = configOf({
      server: { port: 0, drain: '1s' },
      defaults: { every: '200ms', demand: 'always' },
      sources: {
        up: `http://127.0.0.1:${prometheus}/api/v1/query?query=up`,
        targets: `http://127.0.0.1:${prometheus}/api/v1/targets`,
        node: `http://127.0.0.1:${node}/metrics`,
        listing: `${at}/listing/`,
        status: {
          url: `${at}/status`,
          pattern: 'Active connections: (?<active>\\d+)[^]*Reading: (?<reading>\\d+) Writing: (?<writing>\\d+)',
        },
        stations: `${at}/static/stations.json`,
        guarded: { url: `${at}/guarded/stations.json`, auth: { basic: { user: 'me', password: 'open sesame' } } },
        refused: { url: `${at}/guarded/stations.json`, auth: { basic: { user: 'me', password: 'wrong' } } },
        prices: `${at}/repository/prices.csv`,
        news: `${at}/repository/news.rss`,
        orders: {
          exec: [
            'psql',
            '--csv',
            '-h',
            '127.0.0.1',
            '-p',
            String(postgres),
            '-U',
            'millrace',
            '-d',
            'postgres',
            '-c',
            'select * from orders',
          ],
          format: 'csv',
        },
      },
    })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    server = new MillraceServer({ config: loaded.config })
    await server.listen()
  }, 120_000)

  afterAll(async () => {
    await server.close()
    await Promise.all(programs.map(program => program.end()))
    rmSync(folder, { recursive: true, force: true })
  })

  test("Prometheus' API: rows and a key are found", async () => {
    await vi.waitUntil(() => [...rowsOf('up').values()][0]?.['value'] !== undefined || rowsOf('up').size > 0, wait)
    expect(isFresh('up')()).toBe(true)
    await vi.waitUntil(() => rowsOf('targets').size === 1, wait)
  })

  test("node_exporter's text: a row per series, many of them", async () => {
    await vi.waitUntil(isFresh('node'), wait)
    const rows = rowsOf('node')
    expect(rows.size).toBeGreaterThan(100)
    expect([...rows.values()].find(row => row['metric'] === 'node_load1')?.['value']).toBeGreaterThanOrEqual(0)
  })

  test('nginx: a listing as JSON, which grows; its status by a pattern', async () => {
    await vi.waitUntil(() => rowsOf('listing').size === 1, wait)
    writeFileSync(join(folder, 'listing', 'b.txt'), 'two')
    await vi.waitUntil(() => rowsOf('listing').has('b.txt'), wait)
    await vi.waitUntil(isFresh('status'), wait)
    expect([...rowsOf('status').values()][0]?.['active']).toBeGreaterThan(0)
  })

  test('nginx: what has not changed is confirmed by 304, what is sent is compressed', async () => {
    await vi.waitUntil(() => served('/static/stations.json').filter(line => line.includes(' 304 ')).length > 2, wait)
    expect(served('/static/stations.json').find(line => line.includes(' 200 '))).toMatch(/ gzip$/)
    expect(rowsOf('stations').get('x')).toMatchObject({ bikes: 3 })
    writeStations(14)
    await vi.waitUntil(() => rowsOf('stations').get('x')?.['bikes'] === 14, wait)
  })

  test('nginx: basic auth; a wrong password is told and shows nothing', async () => {
    await vi.waitUntil(() => rowsOf('guarded').size === 1, wait)
    await vi.waitUntil(() => server.graph.feed('refused')?.freshness.reason !== undefined, wait)
    expect(server.graph.feed('refused')?.freshness.reason).toContain('401')
    expect(rowsOf('refused').size).toBe(0)
  })

  test('a CSV and an RSS file of a git repository follow its commits', async () => {
    await vi.waitUntil(() => rowsOf('prices').size === 2 && rowsOf('news').size === 1, wait)
    commit('sku,price\na,1.75\nb,2\nc,3\n', 'second')
    await vi.waitUntil(() => rowsOf('prices').get('c')?.['price'] === 3 && rowsOf('news').get('n1')?.['title'] === 'second', wait)
    expect(rowsOf('prices').get('a')).toEqual({ sku: 'a', price: 1.75 })
  })

  test('PostgreSQL by psql: rows with types, and what changes of them', async () => {
    await vi.waitUntil(() => rowsOf('orders').size === 2, wait)
    expect(rowsOf('orders').get('1')).toMatchObject({ id: 1, state: 'open', total: 9.5 })
    await query(postgres, `update orders set state = 'paid' where id = 1; delete from orders where id = 2`)
    await vi.waitUntil(() => rowsOf('orders').size === 1 && rowsOf('orders').get('1')?.['state'] === 'paid', wait)
  })
})
