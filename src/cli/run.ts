import { loadConfig } from '../config/load.ts'
import { reportMissing, reportProblems } from './problems.ts'
import { serve } from './serve.ts'

/** `millrace run <config>`: exit 1 when the config cannot be used, before any port opens. */
export async function runConfig(file: string, options: { readonly port?: number }): Promise<void> {
  if (reportMissing(file)) {
    process.exitCode = 1
    return
  }
  const loaded = loadConfig(file, { env: process.env })
  if (!loaded.ok) {
    reportProblems(loaded.problems)
    process.exitCode = 1
    return
  }
  if (loaded.warnings.length > 0) reportProblems(loaded.warnings)
  const { config } = loaded
  const server = options.port === undefined ? config.server : { ...config.server, port: options.port }
  const example = config.feeds[0]?.name ?? config.sources[0]?.name ?? 'quotes'
  await serve({ config: { ...config, server }, from: file, example })
}
