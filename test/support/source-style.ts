import type { Breach } from './architecture.ts'
import { isNode, walk, type Module, type Node } from './module-graph.ts'

const globals = new Set(['globalThis', 'window', 'self', 'global'])
const timerNames = new Set(['setTimeout', 'setInterval', 'setImmediate'])
const clocksOfRxjs = new Set(['asyncScheduler', 'asapScheduler', 'animationFrameScheduler', 'timer', 'interval'])
const longestFile = 300
const publicFaces = new Set(['src/index.ts', 'src/client-node.ts'])

function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return node['name'] as string
  return node.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined
}

function propertyOf(node: Node): string | undefined {
  const property = node['property']
  return node['computed'] === true && isNode(property) && property.type === 'Identifier' ? undefined : nameOf(property)
}

/** `Date.now` of `globalThis.Date.now` as well; undefined where the object is no plain global. */
function globalPath(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return nameOf(node)
  if (node.type !== 'MemberExpression') return undefined
  const object = globalPath(node['object'])
  const property = propertyOf(node)
  if (object === undefined || property === undefined) return undefined
  return globals.has(object) ? property : `${object}.${property}`
}

const forbiddenPaths = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout', 'performance', 'process.hrtime'])

/** An identifier that is a value here: no member's or property's name, no type. */
function isValue(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || parent.type.startsWith('TS')) return false
  if (parent.type === 'MemberExpression') return parent['object'] === node || parent['computed'] === true
  if (['MethodDefinition', 'PropertyDefinition'].includes(parent.type)) return parent['value'] === node
  return parent.type !== 'Property' || parent['value'] === node || parent['shorthand'] === true
}

function clockOrChance(node: Node, parent: Node | undefined): string | undefined {
  const path = globalPath(node)
  if (path !== undefined && (node.type === 'MemberExpression' || isValue(node, parent))) {
    if (forbiddenPaths.has(path) || timerNames.has(path)) return path
  }
  const bare = nameOf(node['callee']) === 'Date' || globalPath(node['callee']) === 'Date'
  if (node.type === 'NewExpression' && bare && (node['arguments'] as unknown[]).length === 0) return 'new Date()'
  if (node.type === 'CallExpression' && bare) return 'Date()'
  return undefined
}

/** `const { now } = Date`. */
function takenApart(node: Node): string | undefined {
  if (node.type !== 'VariableDeclarator' || !isNode(node['id']) || node['id'].type !== 'ObjectPattern') return undefined
  const object = globalPath(node['init'])
  const names = (node['id']['properties'] as Node[]).map(property => nameOf(property['key']))
  return names
    .map(name => (object !== undefined && globals.has(object) ? name : `${object}.${name}`))
    .find(path => path !== undefined && (forbiddenPaths.has(path) || timerNames.has(path)))
}

function importedClock({ imports }: Module): string | undefined {
  for (const { specifier, names } of imports) {
    if (/^(node:)?(timers|perf_hooks)(\/|$)/.test(specifier)) return specifier
    const name = specifier === 'rxjs' ? names.find(imported => clocksOfRxjs.has(imported)) : undefined
    if (name !== undefined) return `${name} of rxjs`
  }
  return undefined
}

function clockBreaches(module: Module): Breach[] {
  const { file, program } = module
  if (file.startsWith('src/lib/')) return []
  const found = [...walk(program)].map(([node, [parent]]) => clockOrChance(node, parent) ?? takenApart(node))
  const names = new Set([...found, importedClock(module)].filter(name => name !== undefined))
  return [...names].map(name => ({ rule: 'clock and chance', file, detail: `${name} appears only in src/lib` }))
}

function wordingOf(node: Node): [string, string] | undefined {
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return ['default export', 'exports are named']
    case 'ExportSpecifier':
      return nameOf(node['exported']) === 'default' ? ['default export', 'exports are named'] : undefined
    case 'ExportAllDeclaration':
      return ['barrel', 'export * hides where a name comes from']
    case 'TSAnyKeyword':
      return ['any', 'use unknown']
    case 'TSNonNullExpression':
      return ['non-null', 'no !']
    case 'TSEnumDeclaration':
      return ['enum', 'use a union or a const table']
    case 'TSParameterProperty':
      return ['parameter property', 'declare the field']
    default:
      return undefined
  }
}

function wordingBreaches({ file, program }: Module): Breach[] {
  return [...walk(program)].flatMap(([node]) => {
    const wording = wordingOf(node)
    if (wording === undefined || (wording[0] === 'barrel' && publicFaces.has(file))) return []
    return [{ rule: wording[0], file, detail: wording[1] }]
  })
}

/** A barrel is called index.ts or has nothing but imports and re-exports. */
function barrelBreaches({ file, program }: Module): Breach[] {
  if (publicFaces.has(file)) return []
  const body = program['body'] as readonly Node[]
  const passesOn = (node: Node): boolean => node.type === 'ExportNamedDeclaration' && !isNode(node['declaration'])
  const only = body.some(passesOn) && body.every(node => passesOn(node) || node.type === 'ImportDeclaration')
  return only || file.endsWith('/index.ts') ? [{ rule: 'barrel', file, detail: 'import from the file that defines a name' }] : []
}

function fileBreaches({ file, text }: Module): Breach[] {
  const found: Breach[] = []
  const name = file.split('/').at(-1) ?? ''
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.options|\.d)?\.ts$/.test(name)) found.push({ rule: 'file name', file, detail: 'files are kebab-case' })
  if (/(^|-)(utils?|helpers?|manager|handler|service)\b/.test(name)) found.push({ rule: 'file name', file, detail: 'name the concept' })
  const lines = text.split('\n').length - 1
  if (lines > longestFile) found.push({ rule: 'length', file, detail: `${lines} lines are more than one concept` })
  return found
}

/** What the house style forbids within one file. */
export function styleBreaches(module: Module): Breach[] {
  return [...clockBreaches(module), ...wordingBreaches(module), ...barrelBreaches(module), ...fileBreaches(module)]
}
