import { dirname, resolve } from 'node:path'
import { parseConfig, type ConfigResult } from '../../config/load.ts'
import type { ConfigRecord } from '../../replay/format.ts'

/** The config of a recording, with what stands for its variables. `file` is the recording. */
export function recordedConfig({ config, variables }: ConfigRecord, file: string): ConfigResult {
  const files = new Map(
    Object.entries(variables).flatMap(([name, value]) =>
      name.startsWith('file:') ? [[resolve(dirname(resolve(file)), name.slice('file:'.length)), value] as const] : [],
    ),
  )
  const readFile = (path: string): string => {
    const text = files.get(path)
    // The files beside the recording are none of its own, nor is a `.env`.
    if (text === undefined) throw Object.assign(new Error(`${path} is not in the recording`), { code: 'ENOENT' })
    return text
  }
  return parseConfig(config, file, { env: variables, readFile })
}
