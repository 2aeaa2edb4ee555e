import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import type * as Run from './run.ts'

/** A fault: in this file of src, `search` (which stands there once) becomes `replace`. */
export interface PlantedFault {
  readonly file: string
  readonly search: string
  readonly replace: string
}

const root = join(import.meta.dirname, '../..')

/** Builds simulations of broken copies of the product, in a temporary folder. */
export class PlantedFaults {
  readonly #folder = mkdtempSync(join(root, 'node_modules/.planted-'))
  #count = 0

  async load(fault: PlantedFault | undefined): Promise<typeof Run> {
    const name = `run-${this.#count++}`
    let planted = fault === undefined ? 1 : 0
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      plugins: [
        {
          name: 'planted-fault',
          enforce: 'pre',
          transform(code, id) {
            if (fault === undefined || !id.endsWith(`/src/${fault.file}`)) return undefined
            const parts = code.split(fault.search)
            if (parts.length !== 2) throw new Error(`'${fault.search}' stands ${parts.length - 1} times in ${fault.file}`)
            planted++
            return parts.join(fault.replace)
          },
        },
      ],
      build: {
        ssr: join(import.meta.dirname, 'run.ts'),
        outDir: this.#folder,
        emptyOutDir: false,
        minify: false,
        rollupOptions: { output: { entryFileNames: `${name}.js`, format: 'es' } },
      },
    })
    if (planted !== 1) throw new Error(`${fault?.file ?? ''} is no part of the simulation`)
    return (await import(/* @vite-ignore */ pathToFileURL(join(this.#folder, `${name}.js`)).href)) as typeof Run
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
