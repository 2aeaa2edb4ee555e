import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import type * as Run from './run.ts'

/** Part of a fault: in this file of src, `search` (which stands there once) becomes `replace`. */
export interface Edit {
  readonly file: string
  readonly search: string
  readonly replace: string
}

const root = join(import.meta.dirname, '../..')

/** Builds what runs broken copies of the product, by default the simulation, in a temporary folder. */
export class PlantedFaults {
  readonly #folder = mkdtempSync(join(root, 'node_modules/.planted-'))
  #count = 0

  async load<Loaded = typeof Run>(edits: readonly Edit[], entry = join(import.meta.dirname, 'run.ts')): Promise<Loaded> {
    const name = `run-${this.#count++}`
    const planted = new Set<Edit>()
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      plugins: [
        {
          name: 'planted-fault',
          enforce: 'pre',
          transform(code, id) {
            let planting = code
            for (const edit of edits.filter(({ file }) => id.endsWith(`/src/${file}`))) {
              const parts = planting.split(edit.search)
              if (parts.length !== 2) throw new Error(`'${edit.search}' stands ${parts.length - 1} times in ${edit.file}`)
              planted.add(edit)
              planting = parts.join(edit.replace)
            }
            return planting === code ? undefined : planting
          },
        },
      ],
      build: {
        ssr: entry,
        outDir: this.#folder,
        emptyOutDir: false,
        minify: false,
        rollupOptions: { output: { entryFileNames: `${name}.js`, format: 'es' } },
      },
    })
    for (const edit of edits) if (!planted.has(edit)) throw new Error(`${edit.file} is no part of what is run`)
    return (await import(/* @vite-ignore */ pathToFileURL(join(this.#folder, `${name}.js`)).href)) as Loaded
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
