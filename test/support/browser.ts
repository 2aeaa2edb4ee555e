import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import chromiumPackage from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'

/**
 * A real Chromium out of a package: no root, no download at test time. It is unpacked once, into a folder that gets its
 * name only when it is complete, so that test files running side by side never see half of it.
 */
const require = createRequire(import.meta.url)
const packageFolder = resolve(dirname(require.resolve('@sparticuz/chromium')), '../..')

const flags = [
  '--no-sandbox',
  '--no-zygote',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
]

/** The machine's fonts where it has any, and the package's own, which the page's `system-ui` then is. */
function fontsConfig(folder: string): string {
  return `<?xml version="1.0"?><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<dir>${folder}/fonts</dir><cachedir>${folder}/font-cache</cachedir>
<match target="pattern"><test name="family"><string>system-ui</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Open Sans</string></edit></match>
</fontconfig>`
}

async function packageVersion(): Promise<string> {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { readonly version: string }
  return manifest.version
}

/**
 * The package unpacks into the folder for temporary files: it is shown one of its own. The shared libraries of a browser,
 * for machines that have none, come with it only where it believes to be on Lambda.
 */
async function unpackInto(folder: string): Promise<void> {
  const before = { ...process.env }
  process.env['TMPDIR'] = folder
  process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs20.x'
  try {
    await chromiumPackage.executablePath()
  } finally {
    for (const name of ['TMPDIR', 'AWS_EXECUTION_ENV']) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

async function unpacked(): Promise<string> {
  const folder = join(tmpdir(), `millrace-chromium-${await packageVersion()}-${process.getuid?.() ?? 0}`)
  if (existsSync(folder)) return folder
  const fresh = await mkdtemp(`${folder}-`)
  await unpackInto(fresh)
  await writeFile(join(fresh, 'fonts.conf'), fontsConfig(folder))
  // Whoever is second finds the folder there, and that is as good.
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }))
  return folder
}

function launch(folder: string, environment: Readonly<Record<string, string>>): Promise<Browser> {
  const env = { ...process.env, LANG: 'en_US.UTF-8', FONTCONFIG_FILE: join(folder, 'fonts.conf'), ...environment }
  return chromium.launch({ executablePath: join(folder, 'chromium'), args: flags, env })
}

/** A headless Chromium; close it when done. `TZ` and the locale are the caller's to set, by `newContext`. */
export async function launchBrowser(): Promise<Browser> {
  const folder = await unpacked()
  // With the libraries of this machine; where they are missing, with those of the package.
  return launch(folder, {}).catch(() => launch(folder, { LD_LIBRARY_PATH: join(folder, 'al2023/lib') }))
}
