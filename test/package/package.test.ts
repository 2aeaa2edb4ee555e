import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Program, run } from '../support/program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }

test('what is published is what package.json says', async () => {
  const { messages } = await publint({ pkgDir: root, strict: true, pack: false })
  expect(messages).toEqual([])
})

describe('packed and installed into an empty folder', () => {
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
    // Built already: a second build would pull the page away from under the tests beside this one.
    const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
    if (packed.code !== 0) throw new Error(packed.stderr)
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
    const tarball = `millrace-${own.version}.tgz`
    const installed = await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], { cwd: folder })
    if (installed.code !== 0) throw new Error(installed.stderr)
  }, 120_000)

  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  async function runScript(text: string): Promise<string> {
    writeFileSync(join(folder, 'script.js'), text)
    const { code, stdout, stderr } = await run(process.execPath, ['script.js'], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }

  test('npx millrace demo serves the page, the client and the elements as one file each, feeds; the SDK follows it; Ctrl-C ends it', async () => {
    const demo = new Program('npx', ['--no-install', 'millrace', 'demo', '--port', '0'], { cwd: folder })
    try {
      const [, url = ''] = await demo.says(/page +(http:\S+)\//)
      const page = await (await fetch(`${url}/`)).text()
      const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(page) ?? []
      const paths = [script, 'client.js', 'elements.js', 'feeds']
      const [code, client, elements, feeds] = await Promise.all(paths.map(path => fetch(`${url}/${path}`)))
      expect([code?.status, client?.status, elements?.status, feeds?.status]).toEqual([200, 200, 200, 200])
      expect(client?.headers.get('content-type')).toMatch(/^text\/javascript/)
      const told = await runScript(`
        import { connect } from 'millrace/client'
        const millrace = connect('${url}')
        millrace.feed('stations').subscribe(rows => {
          if (rows.length === 0) return
          console.log(rows.length)
          millrace.close()
        })`)
      expect(told).toBe('400\n')
      demo.killGroup('SIGINT')
      await demo.ended
      await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed')
    } finally {
      await demo.end()
    }
  })

  test('the README that is installed links to nothing that is not', () => {
    const installed = join(folder, 'node_modules/millrace')
    const links = [...readFileSync(join(installed, 'README.md'), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path)
    expect(links.length).toBeGreaterThan(3)
    expect(links.filter(path => !existsSync(join(installed, path)))).toEqual([])
  })

  test('a program embeds the server; its types, the schema and the package itself are found', async () => {
    const told = await runScript(`
      import { createRequire } from 'node:module'
      import * as millrace from 'millrace'
      import * as client from 'millrace/client'
      import * as config from 'millrace/config'
      const require = createRequire(import.meta.url)
      console.log(JSON.stringify({
        server: Object.keys(millrace),
        client: Object.keys(client),
        config: Object.keys(config),
        schema: require('millrace/schema.json').$schema,
        version: require('millrace/package.json').version,
      }))`)
    expect(JSON.parse(told)).toMatchObject({
      server: expect.arrayContaining(['MillraceServer']),
      client: ['MillraceError', 'connect'],
      config: expect.arrayContaining(['defineConfig', 'from', 'http', 'where']),
      schema: expect.stringContaining('json-schema.org'),
      version: own.version,
    })
  })

  test.each(['nodenext', 'bundler'])('its types hold under moduleResolution %s', async resolution => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { MillraceServer } from 'millrace'
       import { connect, type Row } from 'millrace/client'
       import { defineConfig, from, http, where } from 'millrace/config'
       import { useFeed } from 'millrace/react'
       import type { MillraceTable } from 'millrace/elements'
       import { shareConnection } from 'millrace/elements'
       export const held = (table: MillraceTable) => [table.rows?.length, useFeed(shareConnection('https://live.example'), 'quotes').rows]
       const rows: ReadonlyMap<string, Row> = connect('ws://localhost:8080').feed('quotes').table.rows
       const sources = { quotes: http<{ symbol: string; price: number }>({ url: 'https://quotes.example' }) }
       const config = defineConfig({ sources, feeds: { dear: from(sources.quotes).pipe(where(quote => quote.price > 9)) } })
       export const dear = connect<typeof config>('ws://localhost:8080').feed('dear').rows?.[0]?.price.toFixed(2)
       const server: MillraceServer | undefined = undefined
       export const used = [rows.size, server]`,
    )
    const module = resolution === 'nodenext' ? 'nodenext' : 'esnext'
    const args = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
      '--types',
      'node',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ]
    const checked = await run(join(root, 'node_modules/.bin/tsc'), [...args, '--typeRoots', join(root, 'node_modules/@types'), 'use.ts'], {
      cwd: folder,
    })
    expect(checked).toMatchObject({ code: 0, stdout: '' })
  })
})
