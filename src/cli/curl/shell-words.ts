/**
 * A word of a command line as a config would write it: variables of the shell as `${NAME}`, a `${` that is meant as
 * such as `$${`.
 */
export type Word = string

export interface ShellWords {
  readonly words: readonly Word[]
  /** What follows the command, from its first `|`, `;`, `&` or `>`; empty: nothing. */
  readonly rest: string
}

/** A command line that cannot be read: one sentence. */
export class ShellError extends Error {
  override readonly name = 'ShellError'
}

const ansi: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\u001b',
  E: '\u001b',
}

function literal(text: string): string {
  return text.replaceAll('${', '$$${')
}

/** Reads the words of one command as a POSIX shell would; nothing is executed and no file name expanded. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): ShellWords {
    const words: Word[] = []
    for (;;) {
      this.#skipBlanks()
      if (this.#at >= this.#text.length) return { words, rest: '' }
      if (/^(?:[|;&>\n]|[12]>)/.test(this.#text.slice(this.#at, this.#at + 2))) return { words, rest: this.#text.slice(this.#at).trim() }
      words.push(this.#word())
    }
  }

  /** Blanks, and line ends that a backslash takes away. */
  #skipBlanks(): void {
    this.#at += /^(?:[ \t\r]|\\\r?\n|\n(?=\s*(?:-|$)))*/.exec(this.#text.slice(this.#at))?.[0].length ?? 0
  }

  #word(): Word {
    let word = ''
    for (;;) {
      const c = this.#text[this.#at]
      // A & within a word is meant as part of a URL that somebody forgot to quote.
      if (c === undefined || /[\s|;>]/.test(c) || (c === '&' && /^&(?:&|\s|$)/.test(this.#text.slice(this.#at, this.#at + 2)))) return word
      word += this.#part(c)
    }
  }

  #part(c: string): Word {
    const next = this.#text[this.#at + 1]
    if (c === "'") return this.#singleQuoted()
    if (c === '"') return this.#doubleQuoted()
    if (c === '$' && next === "'") return this.#ansiQuoted()
    if (c === '$' || c === '`') return this.#variable()
    if (c === '\\') {
      this.#at += 2
      return next === '\n' ? '' : (next ?? '')
    }
    this.#at++
    return c
  }

  #singleQuoted(): Word {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end < 0) throw new ShellError("a ' is not closed")
    const text = this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    return literal(text)
  }

  #doubleQuoted(): Word {
    let word = ''
    this.#at++
    for (;;) {
      const c = this.#text[this.#at]
      if (c === undefined) throw new ShellError('a " is not closed')
      if (c === '"') break
      if (c === '\\' && /["\\$`\n]/.test(this.#text[this.#at + 1] ?? '')) {
        const escaped = this.#text[this.#at + 1] ?? ''
        this.#at += 2
        // A dollar sign that was escaped before a brace is no variable.
        word += escaped === '\n' ? '' : escaped === '$' && this.#text[this.#at] === '{' ? '$$' : escaped
      } else if (c === '$' || c === '`') word += this.#variable()
      else {
        word += c
        this.#at++
      }
    }
    this.#at++
    return word
  }

  /** `$'..'`, as browsers write what has a quote or an accent in it. */
  #ansiQuoted(): Word {
    let text = ''
    this.#at += 2
    for (;;) {
      const c = this.#text[this.#at]
      if (c === undefined) throw new ShellError("a $' is not closed")
      this.#at++
      if (c === "'") return literal(text)
      text += c === '\\' ? this.#ansiEscape() : c
    }
  }

  #ansiEscape(): string {
    const code = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))/.exec(
      this.#text.slice(this.#at, this.#at + 9),
    )
    if (code !== null) {
      this.#at += code[0].length
      const [, hex, short, long, octal] = code
      const value = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '0', 16) : Number.parseInt(octal, 8)
      // Half of a pair comes as an escape of its own.
      return value > 0xffff ? String.fromCodePoint(Math.min(value, 0x10ffff)) : String.fromCharCode(value)
    }
    const c = this.#text[this.#at++] ?? ''
    return ansi[c] ?? c
  }

  #variable(): Word {
    const found = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(this.#text.slice(this.#at, this.#at + 256))
    const name = found?.[1] ?? found?.[2]
    if (found !== null && name !== undefined) {
      this.#at += found[0].length
      return `\${${name}}`
    }
    if (this.#text.startsWith('$(', this.#at) || this.#text.startsWith('${', this.#at) || this.#text[this.#at] === '`')
      throw new ShellError(
        'a command or expression of the shell stands in it ($(..), ${..} or `..`), which is not executed; put its result there',
      )
    this.#at++
    return '$'
  }
}

/**
 * The words of a command line as it is copied from a browser, a document or a terminal.
 * @throws ShellError
 */
export function shellWords(text: string): ShellWords {
  if (/\^\s*\r?\n|\^"/.test(text)) throw new ShellError('it is written for cmd of Windows (^); copy it "as cURL (bash)"')
  return new Reader(text.trim()).read()
}
