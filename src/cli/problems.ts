import { readdirSync, existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { printProblems, type Problem } from '../config/problem.ts'
import { didYouMean } from '../lib/suggest.ts'

/** Prints all problems of a config on stderr, with carets; coloured on a terminal. */
export function reportProblems(problems: readonly Problem[]): void {
  const color = process.stderr.isTTY && process.env['NO_COLOR'] === undefined
  process.stderr.write(`${printProblems(problems, { color })}\n`)
}

/** Says that a config is not there, with the file that was probably meant; false: it is there. */
export function reportMissing(file: string): boolean {
  if (existsSync(file)) return false
  process.stderr.write(`There is no file '${file}'${didYouMean(basename(file), configsIn(dirname(file)))}\n`)
  return true
}

function configsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(name => /\.(ya?ml|json)$|\bconfig\.m?ts$/.test(name)) : []
}
