import { loadConfig, type ConfigResult, type LoadOptions } from '../config/load.ts'

/** Whether a config is a program, which may ask for more than its own text. */
export function isScript(file: string): boolean {
  return /\.m?ts$/.test(file)
}

/** Reads a config file, YAML, JSON or TypeScript. Nothing is thrown: what is wrong comes as problems. */
export async function loadConfigFile(file: string, options: LoadOptions): Promise<ConfigResult> {
  if (!isScript(file)) return loadConfig(file, options)
  // What a program needs takes a while to load.
  const { loadScript } = await import('../authoring/load-script.ts')
  return await loadScript(file, options)
}
