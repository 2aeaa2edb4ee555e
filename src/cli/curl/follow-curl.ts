import { resolveVariables } from '../../config/variable.ts'
import { shownUrl } from '../feed-name.ts'
import { followSource, type FollowOptions } from '../follow-url.ts'
import { parseCurl } from './curl-command.ts'
import { nameOfSource, reportCurl, reportLeftOut } from './curl-report.ts'
import { curlSource } from './curl-source.ts'

/** A value with its variables resolved, and the names of those that are not set. */
class Resolution {
  readonly missing = new Set<string>()
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  of(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (Array.isArray(value)) return value.map(item => this.of(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.of(member)]))
  }

  #text(text: string): string {
    const { text: resolved, faults } = resolveVariables(text, { env: this.#env, dotEnv: {}, readFile: () => '' })
    for (const { from, length } of faults) this.missing.add(text.slice(from, from + length))
    return resolved
  }
}

/** `millrace 'curl ..'`: a live feed of what the command asks; exit 2 when it cannot be one. */
export async function followCurl(command: string, options: FollowOptions): Promise<void> {
  const parsed = parseCurl(command)
  if (!parsed.ok) return reportCurl(parsed.problems)
  const name = nameOfSource(parsed.request.url)
  const { source, secrets, leftOut } = curlSource(parsed.request, name)
  const resolution = new Resolution({ ...process.env, ...Object.fromEntries(secrets) })
  const resolved = resolution.of(source) as { readonly url: string }
  if (resolution.missing.size > 0) return reportCurl([...resolution.missing].map(variable => `the variable ${variable} is not set`))
  if (!URL.canParse(resolved.url)) return reportCurl(['its URL is none: a host is missing, or a character stands where none may'])
  reportLeftOut(leftOut)
  await followSource(name, resolved, options, shownUrl(resolved.url))
}
