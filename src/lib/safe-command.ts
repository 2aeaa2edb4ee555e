import { commandWords } from './command-words.ts'
import { hidden, isSecretName, valueWithoutSecrets } from './safe-text.ts'

/** `X-Api-Key: abc`, `--token=abc`, `PGPASSWORD=abc`, also behind the `-H` of a header: all that follows is its value. */
const namedFirst = /^(-{0,2}([A-Za-z_][\w.-]*)\s*[:=]\s*)([^]+)$/
/** A name within a word that is a script or a connection string, and what sets its value apart. */
const namedWithin = /(?<![\w.-])(-{0,2})([A-Za-z_][\w.-]*)(\s*[:=]\s*|\s+)/g
/** That value: within its quotes, of a header to the quote that ends it, or else to the end of its word. */
const valueWithin = { quoted: /(?<=")[^"]+|(?<=')[^']+/y, header: /[^"'\n]+/y, word: /[^\s"';&|]+/y }
/** `-u me:abc`, as curl has it. */
const userFirst = /^((?:-u|--(?:proxy-)?user=)?[^\s:]+:)([^]+)$/
const userWithin = /((?:(?<=^|\s)-u\s*|--(?:proxy-)?user[=\s]\s*)["']?[^\s:"']+:)([^\s"']+)/g
const userOption = /^(-[uU]|--(proxy-)?user)$/
const namedOption = /^-{1,2}([A-Za-z][\w.-]*)$/
/** Of these `-p` is followed by a password without a blank. */
const mysql = /(^|[\\/])(mysql|mariadb)[\w-]*$/

/** What is known to come from a variable, also behind the word that names a scheme. */
const fromVariable = /^([\w-]+ )?\$\{[^{}]*\}$/

/** Tells what stands for a secret. */
type Hide = (secret: string) => string

function inWord(word: string, hide: Hide): string {
  const [, opening = '', name = '', value = ''] = namedFirst.exec(word) ?? []
  if (isSecretName(name)) return opening + hide(value)
  // The value of an option may be a header itself.
  if (opening.startsWith('-') && !/\s/.test(opening)) return opening + inWord(value, hide)
  return inScript(word, hide).replace(userWithin, (_all, before: string, of: string) => before + hide(of))
}

function inScript(script: string, hide: Hide): string {
  let told = ''
  let at = 0
  for (const { index, 0: all, 1: dashes = '', 2: name = '', 3: apart = '' } of script.matchAll(namedWithin)) {
    if (index < at || !isSecretName(name) || (apart.trim() === '' && dashes === '')) continue
    let from = index + all.length
    const isQuoted = /["']/.test(script[from] ?? '')
    if (isQuoted) from++
    const value = isQuoted ? valueWithin.quoted : apart.trim() === ':' ? valueWithin.header : valueWithin.word
    value.lastIndex = from
    const [found] = value.exec(script) ?? []
    if (found === undefined) continue
    told += script.slice(at, from) + hide(found)
    at = from + found.length
  }
  return told + script.slice(at)
}

/** The words with each secret that can be told by what it is called replaced. */
function hideIn(words: readonly string[], hide: Hide): string[] {
  const [program = ''] = words
  return words.map((word, index) => {
    const before = words[index - 1] ?? ''
    const [, option = ''] = namedOption.exec(before) ?? []
    if (index > 0 && isSecretName(option) && !word.startsWith('--')) return hide(word)
    const [, user = '', password = ''] = userOption.test(before) || /^(-u|--(proxy-)?user=)/.test(word) ? (userFirst.exec(word) ?? []) : []
    if (user !== '') return user + hide(password)
    if (mysql.test(program) && /^-p./.test(word)) return `-p${hide(word.slice(2))}`
    return inWord(word, hide)
  })
}

/** What in the words of a command is called like a secret: header fields, options, variables, and the password of a user. */
export function secretsInCommand(words: readonly string[]): readonly string[] {
  const found: string[] = []
  hideIn(words, secret => {
    found.push(secret)
    return hidden
  })
  return found
}

/**
 * A command, or the list of its words, without secrets. `told` may replace a part of a word that is known to be a secret by what may be
 * told of it, such as `${TOKEN}`, which is shown.
 */
export function commandWithoutSecrets(command: string | readonly string[], told: (text: string) => string): string | readonly string[] {
  const words = typeof command === 'string' ? commandWords(command) : command
  const covered = hideIn(words.map(told), secret => (fromVariable.test(secret) ? secret : hidden))
  const shown = covered.map(word => valueWithoutSecrets(word, text => text) as string)
  if (typeof command !== 'string') return shown
  return shown.every((word, index) => word === words[index]) ? command : shown.map(quoted).join(' ')
}

/** As one word of a command. */
function quoted(word: string): string {
  return /^[\w@%+=:,./*-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`
}
