import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Config } from './config.ts'
import { valuesInForce, type ValueInForce } from './explain.ts'
import { pathKey, printPath, type Finding, type Path } from './finding.ts'
import { byPlace, type Place, type Problem } from './problem.ts'
import { resolveConfig, type Surroundings } from './resolve.ts'
import { SourceText } from './source-text.ts'
import { AuthoredTree, type AuthoredOptions } from './authored-tree.ts'
import type { Tree } from './tree.ts'
import { readFault, type VariableSources } from './variable.ts'
import { parseYaml } from './yaml-document.ts'
import { refusal, type SyntaxFault } from './yaml-syntax.ts'
import { Veil } from './veil.ts'
import { YamlTree } from './yaml-tree.ts'

export type ConfigResult =
  | {
      readonly ok: true
      readonly config: Config
      readonly warnings: readonly Problem[]
      /** Every value, and where it came from. */
      inForce(): readonly ValueInForce[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface LoadOptions {
  /** The environment; `.env` beside the config stands behind it. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads a text file, throws when it cannot; default: the file system. Relative paths are meant from the folder of the config. */
  readonly readFile?: (path: string) => string
}

/** Reads a config file. Nothing is thrown: what is wrong comes as problems, all of them, by line. */
export function loadConfig(file: string, options: LoadOptions): ConfigResult {
  try {
    return parseConfig(readerOf(options)(file), file, options)
  } catch (error) {
    const problem = { file, path: '', message: `the config cannot be read: ${readFault(error)}` }
    return { ok: false, problems: [problem] }
  }
}

/** Reads the text of a config, YAML or JSON; `file` is what problems call it, and its folder is where `.env` is looked for. */
export function parseConfig(text: string, file: string, options: LoadOptions): ConfigResult {
  const source = new SourceText(text.replace(/^\u{feff}/u, ''))
  const refused = refusal(source.text)
  if (refused !== undefined) return { ok: false, problems: [syntaxProblem(refused, { source, file, veil: new Veil(source) }, [])] }
  const { variables, problems } = variableSources(file, options)
  const { document, faults } = parseYaml(source)
  const tree = new YamlTree(document, source, variables)
  const isLost = faults.some(fault => fault.isFatal)
  const from = {
    source,
    file,
    veil: isLost ? new Veil(source, undefined, true) : new Veil(source, offset => tree.pathsAt(offset), faults.length > 0),
  }
  const refusals = faults.map(fault => syntaxProblem(fault, from, tree.pathOf(fault.from)))
  if (isLost) return failed([...problems, ...refusals])
  const lines = new Set(refusals.map(({ place }) => place.line))
  const misread = treeProblems(tree, from).filter(({ place }) => !lines.has(place.line))
  const spoiled = [
    ...faults.map(fault => tree.pathOf(fault.from)),
    ...tree.faults.filter(fault => fault.isSpoiling).map(({ path }) => path),
  ]
  const surroundings = { folder: dirname(resolve(file)), readFile: readerOf(options) }
  const judged = judge(tree, file, { ...surroundings, problems: [...problems, ...refusals, ...misread], spoiled, lines })
  return judged.ok
    ? { ...judged, warnings: judged.warnings.map(warning => from.veil.over(warning)) }
    : { ok: false, problems: judged.problems.map(problem => from.veil.over(problem)) }
}

/** Judges a config given as an object, as a config file is: for library use. `name` is what problems call it; paths are meant from where the process runs. */
export function configOf(value: unknown, name = 'config'): ConfigResult {
  return authoredConfig(value, name, { folder: resolve('.'), readFile: readerOf({}), textOf: () => undefined, main: name })
}

/** Judges what a program wrote, which may hold parts made by `http`, `from` and steps. `file` is what problems call it. */
export function authoredConfig(value: unknown, file: string, options: AuthoredOptions & Surroundings): ConfigResult {
  const { folder, readFile } = options
  const tree = new AuthoredTree(value, options)
  const problems = tree.faults.map(fault => problemOf(tree, file, fault))
  return judge(tree, file, { folder, readFile, problems, spoiled: tree.faults.map(({ path }) => path), lines: new Set() })
}

function readerOf({ readFile = path => readFileSync(path, 'utf8') }: Pick<LoadOptions, 'readFile'>): (path: string) => string {
  return readFile
}

interface Gathered {
  readonly variables: VariableSources
  readonly problems: readonly Problem[]
}

/** The environment, and `.env` beside the config where there is one. */
export function variableSources(file: string, options: LoadOptions): Gathered {
  const folder = dirname(resolve(file))
  const read = readerOf(options)
  const sources = (dotEnv: VariableSources['dotEnv']): VariableSources => ({
    env: options.env,
    dotEnv,
    readFile: path => read(resolve(folder, path)),
  })
  try {
    return { variables: sources(parseEnv(read(resolve(folder, '.env')))), problems: [] }
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const problem = { file: `${file}, .env`, path: '', message: `the .env beside the config cannot be read: ${readFault(error)}` }
    return { variables: sources({}), problems: isAbsent ? [] : [problem] }
  }
}

/** The text that problems are of. */
interface Written {
  readonly source: SourceText
  readonly file: string
  readonly veil: Veil
}

type Placed = Problem & { readonly place: Place }

function syntaxProblem(fault: SyntaxFault, { source, file, veil }: Written, path: Path): Placed {
  const { message, hint } = fault
  const place = source.place(fault.from, fault.to)
  return veil.over({ file, path: printPath(path), place, message, ...(hint === undefined ? {} : { hint }) }, true)
}

function treeProblems(tree: YamlTree, { source, file, veil }: Written): Placed[] {
  return tree.faults.map(({ path, range, message, hint }) => {
    const place = source.place(...range)
    const problem = { file, path: printPath(path), place, message: tree.redact(message), ...(hint === undefined ? {} : { hint }) }
    return veil.over(problem, true)
  })
}

/** A finding with its place and words, free of secrets. */
function problemOf(tree: Tree, file: string, finding: Finding): Problem {
  const { path, at, message, expected, hint } = finding
  const place = tree.place(path, at)
  const found = finding.found ?? tree.found(path)
  const said = [
    ...(message === undefined ? [] : [tree.redact(message)]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(message === undefined ? [`found ${found}`] : []),
  ]
  return {
    file: place?.file ?? file,
    path: printPath(path),
    message: said.join('; '),
    ...(place === undefined ? {} : { place }),
    ...(expected === undefined ? {} : { expected, found }),
    ...(hint === undefined ? {} : { hint: tree.redact(hint) }),
  }
}

/** Whether a finding only follows from a value that YAML already read otherwise than it was meant. */
function follows(path: Path, spoiled: readonly Path[]): boolean {
  return spoiled.some(start => start.length > 0 && start.length <= path.length && pathKey(path.slice(0, start.length)) === pathKey(start))
}

interface Known extends Surroundings {
  readonly problems: readonly Problem[]
  readonly spoiled: readonly Path[]
  /** Lines that YAML itself refused. */
  readonly lines: ReadonlySet<number>
}

function judge(tree: Tree, file: string, { problems, spoiled, lines, ...surroundings }: Known): ConfigResult {
  const { config, findings, warnings } = resolveConfig(tree, surroundings)
  const isNew = (problem: Problem): boolean => problem.place === undefined || !lines.has(problem.place.line)
  const own = findings
    .filter(({ path }) => !follows(path, spoiled))
    .map(finding => problemOf(tree, file, finding))
    .filter(isNew)
  if (config === undefined || problems.length > 0) return failed([...problems, ...own])
  return {
    ok: true,
    config,
    warnings: warnings.map(finding => ({ ...problemOf(tree, file, finding), isWarning: true as const })),
    inForce: () => valuesInForce(tree, file, config),
  }
}

/** By line, none twice: what `defaults` got wrong is wrong for each source. */
function failed(problems: readonly Problem[]): ConfigResult {
  const place = ({ place: at, path }: Problem): string => (at === undefined ? path : `${at.line}:${at.column}`)
  const unique = new Map(problems.map(problem => [`${place(problem)} ${problem.message}`, problem]))
  return { ok: false, problems: [...unique.values()].sort(byPlace) }
}
