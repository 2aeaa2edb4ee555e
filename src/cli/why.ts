import { connect, MillraceError } from '../client-node.ts'
import type { Explained, Millrace } from '../client/face.ts'
import { asOneLine } from '../lib/safe-text.ts'
import { fail, failureOf, terminalLines } from './server-failure.ts'
import { tokenSource, type TokenOptions } from './token-source.ts'

/** Rows that are shown of each input, and of how many of them it is asked what they are made of. */
const [mostShown, mostFollowed] = [10, 3]
const mostLevels = 8

/** `millrace why <feed> <key>`: the rows that a row is made of, down to the sources, and the last poll of each. */
export async function explainRow(feed: string, key: string, options: TokenOptions & { readonly url: string }): Promise<void> {
  const token = tokenSource(options)
  if (token === undefined) return
  const millrace = connect(options.url, { token })
  try {
    const first = await Promise.race([millrace.explain(feed, key), failureOf(millrace, options.url)])
    process.stdout.write(terminalLines([`${feed} ${named(key)}`, ...(await linesOf(millrace, first, 1)), ...pollLines(first)]))
  } catch (error) {
    fail(error)
  } finally {
    millrace.close()
  }
}

/** What it is made of, each level further in. */
async function linesOf(millrace: Millrace, { inputs, windows, more }: Explained, level: number): Promise<string[]> {
  const indent = '  '.repeat(level)
  const lines = windows.map(({ from, to }) => `${indent}over ${instant(from)} to ${instant(to)}`)
  for (const { feed, keys } of inputs) {
    const shown = keys.slice(0, mostShown)
    const others = keys.length - shown.length
    const rest = others > 0 ? `, and ${others}${more === true ? ' or more' : ''} others` : ''
    lines.push(`${indent}from ${feed} ${shown.map(named).join(', ')}${rest}`)
    if (level >= mostLevels) continue
    // A row that has left since has nothing to tell.
    const deeper = await Promise.all(keys.slice(0, mostFollowed).map(key => millrace.explain(feed, key).catch(refused)))
    for (const [i, explained] of deeper.entries()) {
      if (explained === undefined || explained.inputs.length === 0) continue
      if (keys.length > 1) lines.push(`${indent}  ${named(keys[i] ?? '')}`)
      lines.push(...(await linesOf(millrace, explained, level + (keys.length > 1 ? 2 : 1))))
    }
  }
  return lines
}

function refused(error: unknown): undefined {
  if (!(error instanceof MillraceError)) throw error
}

function pollLines({ polls }: Explained): string[] {
  if (polls.length === 0) return ['polls: not told (they are for tokens that open $sources)']
  return polls.map(({ source, origin, at, outcome, status, duration, bytes, reason }) => {
    if (at === undefined) return `${source}: ${origin}, not asked yet`
    const facts = [
      ...(status === undefined ? [] : [`status ${status}`]),
      ...(duration === undefined ? [] : [`${duration} ms`]),
      ...(bytes === undefined ? [] : [`${bytes} bytes`]),
    ]
    const why = reason === undefined ? '' : `: ${asOneLine(reason)}`
    return `${source}: ${origin}, last asked ${instant(at)}, ${outcome ?? ''} (${facts.join(', ')})${why}`
  })
}

/** A key as it may be shown; that of the only row is empty. */
function named(key: string): string {
  return key === '' ? '(the only row)' : asOneLine(key)
}

function instant(ms: number): string {
  return new Date(ms).toISOString()
}
