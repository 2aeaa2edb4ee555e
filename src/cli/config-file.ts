import { loadConfig, type ConfigResult, type LoadOptions } from '../config/load.ts'

/** Reads a config file, YAML, JSON or TypeScript. Nothing is thrown: what is wrong comes as problems. */
export async function loadConfigFile(file: string, options: LoadOptions): Promise<ConfigResult> {
  if (!/\.m?ts$/.test(file)) return loadConfig(file, options)
  // What a program needs takes a while to load.
  const { loadScript } = await import('../authoring/load-script.ts')
  return await loadScript(file, options)
}
