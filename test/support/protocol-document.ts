import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const folder = new URL('../../src/protocol/', import.meta.url)

function read(file: string): string {
  return readFileSync(new URL(file, folder), 'utf8')
}

/** PROTOCOL.md. */
export const text = read('PROTOCOL.md')

/** The part under a heading, of a larger part or the whole, up to the next of the same or a higher level. */
export function section(heading: string, within = text): string {
  const level = heading.split(' ')[0]?.length ?? 0
  const lines = within.split('\n')
  const start = lines.indexOf(heading)
  if (start < 0) throw new Error(`PROTOCOL.md has no '${heading}'`)
  const length = lines.slice(start + 1).findIndex(line => /^#+ /.test(line) && (line.split(' ')[0]?.length ?? 0) <= level)
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The code blocks of one language in a part. */
export function blocks(part: string, language: string): string[] {
  return [...part.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, of]) => of === language).map(([, , code]) => code ?? '')
}

/** The rows of the table in a part, without its head, cells trimmed. */
export function tableRows(part: string): string[][] {
  const lines = part.split('\n').filter(line => line.startsWith('|'))
  return lines.slice(2).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

function shapesOf(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s+/g, '')
}

/** Changes with the shape of a message, not with comments or layout. */
export function fingerprint(): string {
  const shapes = createHash('sha256')
  for (const file of ['messages.ts', 'schema.ts']) shapes.update(shapesOf(file))
  return shapes.digest('hex').slice(0, 16)
}

interface Shape {
  readonly parents: readonly string[]
  readonly members: readonly string[]
  readonly type: string
}

function interfaces(): Map<string, Shape> {
  const found = new Map<string, Shape>()
  const source = read('messages.ts').replace(/\/\*[\s\S]*?\*\//g, '')
  for (const [, name = '', parents = '', body = ''] of source.matchAll(
    /export interface (\w+)(?: extends ([\w, ]+))? \{\n([\s\S]*?)^\}/gm,
  )) {
    const members = [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, member]) => member ?? '')
    const type = /^ {2}readonly type: '(\w+)'/m.exec(body)?.[1] ?? ''
    found.set(name, { parents: parents === '' ? [] : parents.split(', '), members, type })
  }
  return found
}

/** The members of every message by its type, `type` itself left out. */
export function messageMembers(union: 'ClientMessage' | 'ServerMessage'): Map<string, string[]> {
  const shapes = interfaces()
  const members = (name: string): string[] => {
    const { parents, members: own } = shapes.get(name) ?? { parents: [], members: [], type: '' }
    return [...parents.flatMap(members), ...own]
  }
  const list = new RegExp(`export type ${union} =([\\s\\S]*?)(?=\\n\\nexport|\\n$|$(?![\\s\\S]))`).exec(read('messages.ts'))?.[1] ?? ''
  const names = [...list.matchAll(/\w+Message/g)].map(([name]) => name)
  return new Map(names.map(name => [shapes.get(name)?.type ?? name, members(name).filter(member => member !== 'type')]))
}
