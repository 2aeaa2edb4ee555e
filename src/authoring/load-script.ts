import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Jiti, TransformOptions } from 'jiti'
import { authoredConfig, type ConfigResult, type LoadOptions } from '../config/load.ts'
import type { Place, Problem } from '../config/problem.ts'
import { SourceText } from '../config/source-text.ts'
import { readFault } from '../config/variable.ts'
import { frameOf } from '../lib/authored.ts'
import { fingerprint } from '../lib/fingerprint.ts'

/**
 * Runs a config of TypeScript, with all that it imports from its own files, anew each time. `millrace/config` is this one, wherever the
 * package is. Nothing is thrown: what is wrong comes as problems.
 */
export async function loadScript(file: string, options: LoadOptions): Promise<ConfigResult> {
  const { readFile = path => readFileSync(path, 'utf8') } = options
  const main = resolve(file)
  const program = new Program(path => readFile(path))
  try {
    const exported = await program.run(main)
    if (!('default' in exported))
      return failed({ file, path: '', message: 'it exports no config', hint: 'export default defineConfig({..})' })
    return authoredConfig(exported['default'], file, {
      folder: dirname(main),
      readFile,
      main,
      print: program.print,
      textOf: path => program.texts.get(path),
    })
  } catch (error) {
    return failed(problemOf(error, file, main, program.texts))
  }
}

function failed(problem: Problem): ConfigResult {
  return { ok: false, problems: [problem] }
}

/** A program as it ran, with the files of its own that it is made of. */
class Program {
  /** By path, as they were read. */
  readonly texts = new Map<string, string>()
  readonly #opened: (path: string) => void

  constructor(opened: (path: string) => void) {
    this.#opened = opened
  }

  /** Equal for equal files. */
  get print(): string {
    return fingerprint([...this.texts.values()])
  }

  async run(main: string): Promise<Readonly<Record<string, unknown>>> {
    this.#opened(main)
    const { createJiti } = await import('jiti')
    const plain = createJiti(main, { fsCache: false })
    const virtualModules = { 'millrace/config': await import('./define-config.ts') }
    const transform = (file: TransformOptions): { code: string } => ({ code: this.#transform(plain, file) })
    const jiti = createJiti(main, { fsCache: false, moduleCache: false, interopDefault: false, virtualModules, transform })
    return await jiti.import(main)
  }

  #transform(jiti: Jiti, file: TransformOptions): string {
    if (file.filename !== undefined) {
      this.texts.set(file.filename, file.source)
      this.#opened(file.filename)
    }
    return jiti.transform(file)
  }
}

/** What a program threw while it ran, with its place in one of its files. */
function problemOf(error: unknown, file: string, main: string, texts: ReadonlyMap<string, string>): Problem {
  if (!(error instanceof Error)) return { file, path: '', message: `it threw ${String(error)}` }
  const [head = ''] = error.message.split('\n')
  if (texts.size === 0) return { file, path: '', message: `the config cannot be read: ${readFault(error)}` }
  const unparsed = /^ParseError: (.*?)\s*\n (.*):(\d+):(\d+)$/.exec(error.message)
  if (unparsed !== null) {
    const [, what = '', path = '', line = '', column = ''] = unparsed
    return at(path, Number(line), { path: '', message: `it is no TypeScript: ${what}` }, Number(column))
  }
  const frame = frameOf(error.stack ?? '', path => texts.has(path))
  const isMissing = 'code' in error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')
  const message = isMissing ? head : `${error.name}: ${head}`
  return frame === undefined ? { file, path: '', message } : at(frame.file, frame.line, { path: '', message })

  function at(path: string, line: number, problem: Pick<Problem, 'path' | 'message'>, column = 0): Problem {
    const named = path === main ? file : path
    const text = texts.get(path)
    return text === undefined ? { file: named, ...problem } : { file: named, place: placeOf(text, line, column), ...problem }
  }
}

/** `column` from 0; 0 is the whole line. */
function placeOf(text: string, line: number, column: number): Place {
  const source = new SourceText(text)
  const start = source.offset(line - 1)
  const written = text.slice(start).split('\n', 1)[0] ?? ''
  const from = column === 0 ? start + written.length - written.trimStart().length : start + column
  return source.place(from, column === 0 ? start + written.length : from + 1)
}
