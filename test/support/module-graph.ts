import { posix } from 'node:path'
import { parseSync } from 'vite'

/** A node of the syntax tree (ESTree with TypeScript's additions). */
export interface Node {
  readonly type: string
  readonly start: number
  readonly [member: string]: unknown
}

export interface Import {
  readonly specifier: string
  /** The file it names, `src/model/row.ts`, or undefined where it names a package. */
  readonly target: string | undefined
  /** Imported names; empty for a whole module. */
  readonly names: readonly string[]
}

export interface Module {
  readonly file: string
  readonly text: string
  readonly program: Node
  readonly imports: readonly Import[]
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

export function children(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode)
}

/** Every node with its parents, the nearest first; in the order of the text. */
export function* walk(node: Node, parents: readonly Node[] = []): Generator<readonly [Node, readonly Node[]]> {
  yield [node, parents]
  const own = [node, ...parents]
  for (const child of children(node)) yield* walk(child, own)
}

function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'TSLiteralType') return textOf(value['literal'])
  if (value.type === 'TemplateLiteral' && children(value).length === 1) {
    return (value['quasis'] as { value: { cooked: string } }[])[0]?.value.cooked
  }
  return value.type === 'Literal' && typeof value['value'] === 'string' ? value['value'] : undefined
}

function namesOf(node: Node): string[] {
  const specifiers = (node['specifiers'] as Node[] | undefined) ?? []
  return specifiers.flatMap(specifier => {
    const name = specifier['imported'] ?? specifier['local']
    return isNode(name) && typeof name['name'] === 'string' ? [name['name']] : []
  })
}

/** What a node imports: `import`, `export .. from`, `import()`, the type `import('..')` and `import x = require()`. */
function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return textOf(node['source'] ?? node['argument'])
    case 'TSExternalModuleReference':
      return textOf(node['expression'])
    default:
      return undefined
  }
}

function importsOf(file: string, program: Node): Import[] {
  const imports: Import[] = []
  for (const [node] of walk(program)) {
    const specifier = specifierOf(node)
    if (specifier === undefined) continue
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined
    imports.push({ specifier, target, names: namesOf(node) })
  }
  return imports
}

/** Reads one file; types count like values. */
export function parseModule(file: string, text: string): Module {
  const { program, errors } = parseSync(file, text)
  const error = errors.find(found => found.severity === 'Error')
  if (error !== undefined) throw new SyntaxError(`${file}: ${error.message}`)
  const root = program as unknown as Node
  return { file, text, program: root, imports: importsOf(file, root) }
}

/** All files that `file` reaches, itself included. */
export function reach(modules: ReadonlyMap<string, Module>, file: string): Set<string> {
  const reached = new Set([file])
  for (const name of reached) {
    for (const { target } of modules.get(name)?.imports ?? []) if (target !== undefined && modules.has(target)) reached.add(target)
  }
  return reached
}

/** The cycles of the graph, one for each edge that closes one, as the files passed, the first again at the end. */
export function cycles(modules: ReadonlyMap<string, Module>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file])
    if (path.includes(file) || done.has(file)) return
    path.push(file)
    for (const { target } of modules.get(file)?.imports ?? []) if (target !== undefined && modules.has(target)) visit(target)
    path.pop()
    done.add(file)
  }
  for (const file of modules.keys()) visit(file)
  return found
}
