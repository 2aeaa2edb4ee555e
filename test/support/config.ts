import { parseConfig, type ConfigResult } from '../../src/config/load.ts'
import type { Config } from '../../src/config/config.ts'
import { printProblems, type Problem } from '../../src/config/problem.ts'

/** Files of a folder that is not there; anything else is absent. */
export function filesOf(files: Readonly<Record<string, string>>): (path: string) => string {
  return path => {
    const found = Object.entries(files).find(([name]) => path.endsWith(name))
    if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return found[1]
  }
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

export function parse(text: string, { env = {}, files = {} }: Surroundings = {}): ConfigResult {
  return parseConfig(text, 'millrace.yaml', { env, readFile: filesOf(files) })
}

export function good(text: string, surroundings?: Surroundings): Config {
  const result = parse(text, surroundings)
  if (!result.ok) throw new Error(printProblems(result.problems))
  return result.config
}

export function problems(text: string, surroundings?: Surroundings): readonly Problem[] {
  const result = parse(text, surroundings)
  return result.ok ? [] : result.problems
}

/** `line:column path: message (hint)`, one a problem. */
export function said(text: string, surroundings?: Surroundings): string[] {
  return problems(text, surroundings).map(({ place, path, message, hint }) => {
    const at = place === undefined ? '' : `${place.line}:${place.column} `
    return `${at}${path === '' ? '' : `${path}: `}${message}${hint === undefined ? '' : ` (${hint})`}`
  })
}

/** A config with one source `a` and one feed whose steps are these lines. */
export function withSteps(...steps: readonly string[]): string {
  return ['sources: {a: http://x}', 'feeds:', '  f:', '    from: a', '    steps:', ...steps.map(step => `      ${step}`)].join('\n')
}
