import { readFileSync } from 'node:fs'
import { readFault } from '../config/variable.ts'

export interface TokenOptions {
  /** Read anew whenever a token is needed. Default: the variable MILLRACE_TOKEN. */
  readonly tokenFile?: string
}

/** The close code of a token that is missing or not known. */
export const unauthorized = 4401

/** What to do where a server asks for a token. */
export const tokenHint = 'Bring a token by --token-file or the variable MILLRACE_TOKEN.'

/**
 * Where a token comes from: never from the value of an option, which every process of the machine could read. Undefined: the
 * file cannot be read, which has been said, with the exit code set.
 */
export function tokenSource({ tokenFile }: TokenOptions): (() => string | undefined) | undefined {
  if (tokenFile === undefined) return () => process.env['MILLRACE_TOKEN']
  const token = (): string => readFileSync(tokenFile, 'utf8').trim()
  try {
    token()
    return token
  } catch (error) {
    process.stderr.write(`The token in ${tokenFile} cannot be read: ${readFault(error)}\n`)
    process.exitCode = 1
    return undefined
  }
}
