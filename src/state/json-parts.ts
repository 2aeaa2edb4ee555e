import { itemsAtOnce, Lasting, Late, LateList } from '../model/late.ts'

/** Characters of JSON that are made in one turn of the loop; a ms or two. */
const turnLength = 256 * 1024

/** The JSON of plain data, piece by piece: an object member by member, an array some items at a time. */
function* jsonTexts(value: unknown): Generator<string> {
  if (value instanceof Late) yield* jsonTexts(value.make())
  else if (value instanceof Lasting) yield* value.texts(jsonTexts)
  else if (value instanceof LateList) {
    let next = '['
    for (const part of value.parts()) {
      if (part.length === 0) continue
      yield `${next}${JSON.stringify(part).slice(1, -1)}`
      next = ','
    }
    yield next === '[' ? '[]' : ']'
  } else if (Array.isArray(value)) {
    yield '['
    for (let at = 0; at < value.length; at += itemsAtOnce) {
      const text = JSON.stringify(value.slice(at, at + itemsAtOnce)).slice(1, -1)
      yield at === 0 ? text : `,${text}`
    }
    yield ']'
  } else if (typeof value === 'object' && value !== null) {
    let next = '{'
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      yield `${next}${JSON.stringify(name)}:`
      yield* jsonTexts(member)
      next = ','
    }
    yield next === '{' ? '{}' : '}'
  } else yield JSON.stringify(value)
}

/**
 * The JSON of plain data as UTF-8, made in turns of the loop: thousands of sources have learned megabytes, and a series has many points.
 * @param most bytes of it at most; a member with which there would be more is left out
 * @returns `leftOut`: the names of those
 */
export async function jsonParts(
  members: Readonly<Record<string, unknown>>,
  most: number,
  turn: () => Promise<void>,
): Promise<{ readonly parts: readonly Buffer[]; readonly leftOut: readonly string[] }> {
  const parts: Buffer[] = []
  const leftOut: string[] = []
  let text = '{'
  let bytes = 2
  let next = ''
  for (const [name, member] of Object.entries(members)) {
    const own: Buffer[] = []
    let rest = `${next}${JSON.stringify(name)}:`
    for (const more of jsonTexts(member)) {
      rest += more
      if (rest.length < turnLength) continue
      own.push(Buffer.from(rest))
      rest = ''
      await turn()
    }
    const size = own.reduce((sum, { byteLength }) => sum + byteLength, Buffer.byteLength(rest))
    if (bytes + size > most) {
      leftOut.push(name)
      continue
    }
    bytes += size
    next = ','
    if (own.length > 0) {
      parts.push(Buffer.from(text), ...own)
      text = ''
    }
    text += rest
    if (text.length < turnLength) continue
    parts.push(Buffer.from(text))
    text = ''
    await turn()
  }
  parts.push(Buffer.from(`${text}}`))
  return { parts, leftOut }
}
