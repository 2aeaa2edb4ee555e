import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Config } from '../config/config.ts'
import type { ConfigResult } from '../config/load.ts'
import type { Problem } from '../config/problem.ts'
import type { Clock } from '../lib/clock.ts'
import { FileWatch } from '../lib/file-watch.ts'
import type { LeveledLogger } from '../lib/log.ts'
import type { MillraceServer } from '../server.ts'
import { loadConfigFile } from './config-file.ts'
import { reportProblems } from './problems.ts'

/** How long a file has to be left alone before it is read, in ms. */
const quietMs = 150

const unchanged = 'config refused: the one before stays in force, and nothing has changed'

/** A config file as it was read, and the files that were looked at for it: itself, `.env`, those it names or imports. */
export interface ConfigRead {
  readonly result: ConfigResult
  readonly files: ReadonlySet<string>
}

/** `port`: in place of the one that the file says. */
export async function readConfig(file: string, { port }: { readonly port?: number }): Promise<ConfigRead> {
  const files = new Set<string>()
  const readFile = (path: string): string => {
    files.add(path)
    return readFileSync(path, 'utf8')
  }
  const result = await loadConfigFile(file, { env: process.env, readFile })
  return { result: result.ok && port !== undefined ? { ...result, config: withPort(result.config, port) } : result, files }
}

function withPort(config: Config, port: number): Config {
  return { ...config, server: { ...config.server, port } }
}

export interface ConfigReloadOptions {
  readonly server: MillraceServer
  readonly log: LeveledLogger
  readonly clock: Clock
  readonly read: () => Promise<ConfigRead>
}

/** Takes a config file over anew: when it, or what it reads, changes, and when asked to. A bad one is reported and changes nothing. */
export class ConfigReload {
  readonly #options: ConfigReloadOptions
  readonly #watch: FileWatch
  #closed = false
  #isReading = false
  /** It changed once more while it was read. */
  #isDue = false

  /** `files`: those that were read at the start. */
  constructor(options: ConfigReloadOptions, files: ReadonlySet<string>) {
    const { clock, log } = options
    this.#options = options
    this.#watch = new FileWatch({
      clock,
      quietMs,
      changed: () => this.reload(),
      failed: (folder, error) =>
        log.warn({ err: error }, `the folder '${folder}' cannot be watched: what changes there is taken over at SIGHUP`),
    })
    this.#watch.watch(files)
  }

  reload(): void {
    if (this.#closed) return
    this.#isDue = true
    if (!this.#isReading) void this.#readAll()
  }

  /** Nothing is read any more. */
  close(): void {
    this.#closed = true
    this.#watch.close()
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    while (this.#isDue) {
      this.#isDue = false
      const read = await this.#options.read()
      if (this.#closed) break
      this.#take(read)
    }
    this.#isReading = false
  }

  #take({ result, files }: ConfigRead): void {
    const { server, log } = this.#options
    this.#watch.watch(files)
    if (!result.ok) return this.#refuse(result.problems)
    if (result.warnings.length > 0) reportProblems(result.warnings)
    try {
      server.reload(result.config)
      log.level = result.config.log.level
    } catch (error) {
      // A fault of ours, as a config that was found good can be put to work; the server has refused it.
      log.error({ err: error }, unchanged)
    }
  }

  #refuse(problems: readonly Problem[]): void {
    const { server, log } = this.#options
    reportProblems(problems)
    server.refuseReload(whereOf(problems))
    log.error({ problems: problems.length }, unchanged)
  }
}

/** Where the first problem is, and how many more there are; not what stands there, which not all who ask for the health may see. */
function whereOf(problems: readonly Problem[]): string {
  const [first] = problems
  if (first === undefined) return 'the config cannot be used'
  const { file, place, path } = first
  const where = [`${basename(file)}${place === undefined ? '' : `:${place.line}:${place.column}`}`, path].filter(text => text !== '')
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : ''
  return `a problem at ${where.join(', ')}${more}; the server's log tells them`
}
