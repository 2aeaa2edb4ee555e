import { mkdirSync, readFileSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transformWithOxc } from 'vite'
import type { Implementation } from './table-laws.ts'

/** A fault: in this file of src/model, `search` (which stands there once) becomes `replace`. */
export interface Fault {
  readonly file: 'row' | 'checksum' | 'delta' | 'store'
  readonly search: string
  readonly replace: string
}

const model = join(import.meta.dirname, '../../src/model')
const files = ['row', 'checksum', 'delta', 'store', 'table', 'order'] as const

function mutated(text: string, { file, search, replace }: Fault): string {
  const parts = text.split(search)
  if (parts.length !== 2) throw new Error(`'${search}' stands ${parts.length - 1} times in ${file}.ts: bring the list of faults up to date`)
  return parts.join(replace)
}

async function transpile(file: string, fault: Fault | undefined): Promise<string> {
  const text = readFileSync(join(model, `${file}.ts`), 'utf8')
  const { code } = await transformWithOxc(fault?.file === file ? mutated(text, fault) : text, `${file}.ts`)
  return code.replaceAll(/(from "\.\/[a-z]+)\.ts"/g, '$1.js"')
}

/** Builds copies of src/model beside each other in a temporary folder, each with a fault of its own or none. */
export class MutantFarm {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-mutants-'))
  #count = 0

  async load(fault?: Fault): Promise<Implementation> {
    const folder = join(this.#folder, String(this.#count++))
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    for (const file of files) writeFileSync(join(folder, `${file}.js`), await transpile(file, fault))
    const load = (file: string): Promise<object> => import(/* @vite-ignore */ pathToFileURL(join(folder, `${file}.js`)).href)
    return { ...(await load('delta')), ...(await load('store')) } as Implementation
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
