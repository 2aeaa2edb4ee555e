/** What only a shell would do: pipes, redirections, lists, variables, expansions. */
const ofShell = /[|&;<>()`$*?~#\n]/

/**
 * The words of a command that no shell runs: apart at blanks, whole within quotes; a backslash takes the next character as it is,
 * within double quotes only a quote or another backslash.
 * @throws SyntaxError one sentence that begins with `expected`
 */
export function commandWords(command: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(command)?.[0]
    at += found?.length ?? 0
    return found
  }
  while (at < command.length) {
    if (take(/[ \t]+/y) !== undefined) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    const quoted = take(/'[^']*'|"(?:[^"\\]|\\[^])*"/y)
    const escaped = quoted === undefined ? take(/\\[^]/y) : undefined
    const plain = escaped === undefined && quoted === undefined ? take(/[^ \t'"\\]+/y) : undefined
    if (quoted === undefined && escaped === undefined && plain === undefined) throw new SyntaxError('expected quotes to be closed')
    if (plain !== undefined && ofShell.test(plain))
      throw new SyntaxError(
        `expected a command without '${ofShell.exec(plain)?.[0] ?? ''}', as no shell runs it; quote it, or say [sh, -c, ..]`,
      )
    word = (word ?? '') + (plain ?? escaped?.slice(1) ?? unquoted(quoted ?? ''))
  }
  if (word !== undefined) words.push(word)
  if (words.length === 0) throw new SyntaxError('expected a command')
  return words
}

function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1)
  return quoted.startsWith('"') ? inner.replaceAll(/\\(["\\])/g, '$1') : inner
}
