import { loadConfigFile } from '../config-file.ts'
import { reportMissing, reportProblems } from '../problems.ts'
import { runCase, type Failure } from './run-case.ts'

/** `millrace test <config>`: the cases under `tests`; exit 1 where one does not hold, or there is none. */
export async function testConfig(file: string): Promise<void> {
  process.exitCode = 1
  if (reportMissing(file)) return
  const result = await loadConfigFile(file, { env: process.env })
  if (!result.ok) return reportProblems(result.problems)
  const { tests } = result.config
  if (tests.length === 0) {
    process.stderr.write(`${file} has no tests: they stand under \`tests\`\n`)
    return
  }
  let failed = 0
  for (const test of tests) {
    const failures = await outcomeOf(() => runCase(result.config, test))
    if (failures.length > 0) failed++
    process.stdout.write(`${failures.length === 0 ? 'ok  ' : 'FAIL'} ${test.name}\n${failures.map(printed).join('')}`)
  }
  process.stdout.write(`${tests.length - failed} passed, ${failed} failed\n`)
  if (failed === 0) process.exitCode = 0
}

/** What cannot be run has failed. */
async function outcomeOf(run: () => Promise<readonly Failure[]>): Promise<readonly Failure[]> {
  try {
    return await run()
  } catch (error) {
    return [{ step: 0, what: '', lines: [error instanceof Error ? error.message : String(error)] }]
  }
}

function printed({ step, what, lines }: Failure): string {
  const head = step === 0 ? '' : `  step ${step}, ${what}:\n`
  return `${head}${lines.map(line => `    ${line}\n`).join('')}`
}
