import { reportMissing, reportProblems } from './problems.ts'
import { readConfig } from './reload.ts'
import { serve } from './serve.ts'

/** `millrace run <config>`: exit 1 when the config cannot be used, before any port opens. */
export async function runConfig(file: string, options: { readonly port?: number }): Promise<void> {
  if (reportMissing(file)) {
    process.exitCode = 1
    return
  }
  const { result, files } = await readConfig(file, options)
  if (!result.ok) {
    reportProblems(result.problems)
    process.exitCode = 1
    return
  }
  if (result.warnings.length > 0) reportProblems(result.warnings)
  const { config } = result
  const example = config.feeds[0]?.name ?? config.sources[0]?.name ?? 'quotes'
  await serve({ config, from: file, example, reload: { files, read: () => readConfig(file, options) } })
}
