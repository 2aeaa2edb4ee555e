import { printProblems, type Problem } from '../config/problem.ts'

/** Prints all problems of a config on stderr, with carets; coloured on a terminal. */
export function reportProblems(problems: readonly Problem[]): void {
  const color = process.stderr.isTTY && process.env['NO_COLOR'] === undefined
  process.stderr.write(`${printProblems(problems, { color })}\n`)
}
