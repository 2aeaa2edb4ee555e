import { createServer, type AddressInfo, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../../src/client-node.ts'
import { configOf } from '../../src/config/load.ts'
import { MillraceServer } from '../../src/server.ts'
import { run } from '../support/program.ts'
import { startChangingUpstream, type ChangingUpstream } from '../support/changing-upstream.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('against a real server', () => {
  let upstream: ChangingUpstream
  let server: MillraceServer

  async function serve(port: number): Promise<string> {
    const sources = { stations: { url: upstream.url, every: '20ms', key: 'id' } }
    const loaded = configOf({ server: { port }, sources, feeds: { full: { from: 'stations', steps: [{ where: 'bikes > 3' }] } } })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    server = new MillraceServer({ config: loaded.config })
    return server.listen()
  }

  beforeEach(async () => {
    upstream = await startChangingUpstream('[{"id":"a","bikes":3},{"id":"b","bikes":5}]')
  })
  afterEach(async () => {
    await server.close()
    await upstream.close()
  })

  test('brings its own WebSocket; both feeds of a tick are shown together', async () => {
    const millrace = connect(await serve(0))
    const [stations, full] = [millrace.feed('stations'), millrace.feed('full')]
    const counts: unknown[] = []
    stations.subscribe(() => undefined)
    for await (const change of full.changes()) {
      if (stations.rows === undefined) continue
      counts.push([stations.rows.filter(({ bikes }) => Number(bikes) > 3).length, change.rows.length])
      if (change.rows.length === 2) break
      upstream.body = '[{"id":"a","bikes":4},{"id":"b","bikes":5}]'
    }
    expect(counts.at(-1)).toEqual([2, 2])
    millrace.close()
  })

  test('a server that is started anew is resumed by checksum: nothing is sent, nothing shown twice', async () => {
    const url = await serve(0)
    const millrace = connect(url, { random: () => 0 })
    const stations = millrace.feed('stations')
    const shown: number[] = []
    stations.subscribe(rows => shown.push(rows.length))
    const states: string[] = []
    const fresh = (): Promise<void> =>
      new Promise(resolve => {
        const end = stations.onFreshness(({ state }) => {
          states.push(state)
          if (state !== 'fresh') return
          end()
          resolve()
        })
      })
    await fresh()
    const { epoch } = stations.table
    const back = fresh()
    await server.close()
    await serve(Number(new URL(url).port))
    await back
    expect(states).toContain('disconnected')
    expect(stations.table.epoch > epoch).toBe(true)
    expect(shown).toEqual([2])
    expect(stations.stats).toMatchObject({ snapshots: 1, deltas: 0, resyncs: 0 })
    millrace.close()
  })
})

describe('a program that closes its client ends, whatever the server does', () => {
  let mute: Server

  beforeEach(async () => {
    mute = createServer(() => undefined)
    await new Promise<void>(resolve => {
      mute.listen(0, '127.0.0.1', resolve)
    })
  })
  afterEach(() => mute.close())

  test('one that never answers the upgrade', async () => {
    const program = `
      import { connect } from './src/client-node.ts'
      const millrace = connect('ws://127.0.0.1:${(mute.address() as AddressInfo).port}')
      millrace.feed('stations').subscribe(() => undefined)
      millrace.get('stations').catch(error => console.log(error.code))
      millrace.close()`
    const ended = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], { cwd: root })
    expect(ended).toEqual({ code: 0, stdout: 'unavailable\n', stderr: '' })
  })
})
