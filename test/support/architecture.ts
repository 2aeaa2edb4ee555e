import { posix } from 'node:path'
import { cycles, parseModule, reach, type Import, type Module } from './module-graph.ts'
import { styleBreaches } from './source-style.ts'

/** A rule of design.md section 2 that a file breaks. */
export interface Breach {
  readonly rule: string
  readonly file: string
  readonly detail: string
}

/** The import table: what each folder may import besides itself; a lib folder of `lib*` is its files without packages. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: [],
  protocol: ['model', 'lib'],
  decode: ['model', 'lib'],
  expression: ['model', 'lib'],
  config: ['model', 'lib', 'expression', 'options'],
  authoring: ['model', 'lib', 'config', 'operator', 'options'],
  source: ['model', 'lib', 'decode'],
  operator: ['model', 'lib', 'expression'],
  feed: ['model', 'lib', 'source', 'operator', 'expression'],
  broker: ['model', 'lib', 'protocol'],
  hub: ['model', 'lib', 'feed', 'protocol', 'broker', 'operator', 'expression'],
  connection: ['model', 'lib', 'hub', 'protocol'],
  http: ['model', 'lib', 'hub', 'protocol'],
  client: ['model', 'protocol', 'lib*'],
  elements: ['client', 'model', 'protocol', 'lib*'],
  dashboard: ['client', 'elements', 'model', 'protocol', 'lib*'],
  sink: ['model', 'lib', 'feed', 'expression'],
  state: ['model', 'lib'],
  replay: ['model', 'lib', 'source'],
}

/** These wire freely. */
const free = new Set([
  'src/server.ts',
  'src/front.ts',
  'src/compile.ts',
  'src/compile-source.ts',
  'src/index.ts',
  'src/client-node.ts',
  'cli',
])

/** `model` of src/model/row.ts; the file itself where it stands in src. */
function folderOf(file: string): string {
  const [, folder, ...rest] = file.split('/')
  return rest.length === 0 || folder === undefined ? file : folder
}

function isOptions(file: string): boolean {
  return /(^|\/|\.)options\.ts$/.test(file)
}

function packagesOf(module: Module | undefined): string[] {
  return (module?.imports ?? []).filter(({ target }) => target === undefined).map(({ specifier }) => specifier)
}

/** The first package that a file reaches, with the file that names it. */
function packageReached(modules: ReadonlyMap<string, Module>, file: string): string | undefined {
  for (const reached of reach(modules, file)) {
    const [name] = packagesOf(modules.get(reached))
    if (name !== undefined) return `'${name}' by ${reached}`
  }
  return undefined
}

function mayImport(modules: ReadonlyMap<string, Module>, folder: string, target: string): boolean {
  const to = folderOf(target)
  if (to === folder) return true
  return (importTable[folder] ?? []).some(allowed => {
    if (allowed === 'options') return isOptions(target)
    return allowed === 'lib*' ? to === 'lib' && packageReached(modules, target) === undefined : allowed === to
  })
}

function folderBreaches(modules: ReadonlyMap<string, Module>, { file, imports }: Module): Breach[] {
  const folder = folderOf(file)
  if (free.has(folder)) return []
  if (importTable[folder] === undefined) return [{ rule: 'folder', file, detail: `'${folder}' is not in the import table` }]
  return imports.flatMap(({ target }) =>
    target === undefined || !modules.has(target) || mayImport(modules, folder, target)
      ? []
      : [{ rule: 'import table', file, detail: `${folder} may not import ${target}` }],
  )
}

function mayNameInOptions({ specifier, target }: Import): boolean {
  return target === undefined ? specifier === 'zod' : folderOf(target) === 'lib' || isOptions(target)
}

function optionsBreaches({ file, imports }: Module): Breach[] {
  if (!isOptions(file)) return []
  return imports
    .filter(named => !mayNameInOptions(named))
    .map(({ specifier }) => ({
      rule: 'options',
      file,
      detail: `an options file imports only lib, zod and options files, not '${specifier}'`,
    }))
}

/** The model is pure; only one file of elements may know React. */
function packageBreaches(module: Module): Breach[] {
  const { file } = module
  return packagesOf(module).flatMap(name => {
    if (folderOf(file) === 'model') return [{ rule: 'model is pure', file, detail: `names the package '${name}'` }]
    const react = /^react($|\/|-)/.test(name) && file !== 'src/elements/react.ts'
    return react ? [{ rule: 'import table', file, detail: `only src/elements/react.ts may import '${name}'` }] : []
  })
}

function purityBreaches(modules: ReadonlyMap<string, Module>, { file }: Module): Breach[] {
  const reached = folderOf(file) === 'client' ? packageReached(modules, file) : undefined
  return reached === undefined ? [] : [{ rule: 'client purity', file, detail: `reaches the package ${reached}` }]
}

function specifierBreaches(modules: ReadonlyMap<string, Module>, { file, imports }: Module): Breach[] {
  return imports.flatMap(({ specifier, target }) => {
    if (target === undefined || modules.has(target)) return []
    const asset = /\.(css|svg|json)$/.test(posix.basename(target).replace(/\?.*$/, ''))
    return asset ? [] : [{ rule: 'specifier', file, detail: `'${specifier}' is no file of src (specifiers end in .ts)` }]
  })
}

function cycleBreaches(modules: ReadonlyMap<string, Module>): Breach[] {
  return cycles(modules).map(path => ({ rule: 'cycle', file: path[0] ?? '', detail: path.join(' > ') }))
}

/** The same text is parsed once, however often it is looked at. */
const parsedOnce = new Map<string, ReturnType<typeof parseModule>>()

function parsed(file: string, text: string): ReturnType<typeof parseModule> {
  const name = `${file}\0${text}`
  const module = parsedOnce.get(name) ?? parseModule(file, text)
  parsedOnce.set(name, module)
  return module
}

/** Everything in `files` (text by path, `src/model/row.ts`) that breaks a rule. */
export function breaches(files: ReadonlyMap<string, string>): Breach[] {
  const modules = new Map([...files].map(([file, text]) => [file, parsed(file, text)]))
  const own = [...modules.values()].flatMap(module => [
    ...folderBreaches(modules, module),
    ...optionsBreaches(module),
    ...packageBreaches(module),
    ...purityBreaches(modules, module),
    ...specifierBreaches(modules, module),
    ...styleBreaches(module),
  ])
  return [...own, ...cycleBreaches(modules)]
}
