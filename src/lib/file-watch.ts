import { realpathSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Cancel, Clock } from './clock.ts'

export interface FileWatchOptions {
  readonly clock: Clock
  /** Changes that come within so many ms of each other are one; a file is seldom written in one go. */
  readonly quietMs: number
  /** One or more of the files changed, came or went. */
  readonly changed: () => void
  /** A folder cannot be watched: what changes there goes unseen. */
  readonly failed: (folder: string, error: Error) => void
}

/** A file by the name it is called, and where that leads now. */
interface Watched {
  readonly path: string
  readonly target: string
}

/**
 * Watches files by their folders, because editors put another file in the place of the one they change, and a link that leads to
 * another place, as a mounted volume has it, is a change too.
 */
export class FileWatch {
  readonly #options: FileWatchOptions
  readonly #folders = new Map<string, FSWatcher>()
  #files: readonly Watched[] = []
  /** Whatever changes in one of these counts. */
  #whole: ReadonlySet<string> = new Set()
  #pending: Cancel | undefined

  constructor(options: FileWatchOptions) {
    this.#options = options
  }

  /** These files from now on, whether they exist or not, and all that stands in `whole` folders. */
  watch(files: Iterable<string>, whole: Iterable<string> = []): void {
    this.#whole = new Set(whole)
    this.#files = [...files].map(file => ({ path: resolve(file), target: targetOf(resolve(file)) }))
    const folders = new Set([...this.#files.flatMap(({ path, target }) => [dirname(path), dirname(target)]), ...this.#whole])
    for (const [folder, watcher] of this.#folders) if (!folders.has(folder)) this.#drop(folder, watcher)
    for (const folder of folders) if (!this.#folders.has(folder)) this.#open(folder)
  }

  close(): void {
    this.#pending?.()
    for (const [folder, watcher] of this.#folders) this.#drop(folder, watcher)
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (this.#concerns(folder, name)) this.#schedule()
      })
      watcher.on('error', error => {
        this.#drop(folder, watcher)
        this.#options.failed(folder, error)
      })
      this.#folders.set(folder, watcher)
    } catch (error) {
      this.#options.failed(folder, error instanceof Error ? error : new Error(String(error)))
    }
  }

  #drop(folder: string, watcher: FSWatcher): void {
    watcher.close()
    this.#folders.delete(folder)
  }

  #concerns(folder: string, name: string | null): boolean {
    if (this.#whole.has(folder)) return true
    return this.#files.some(({ path, target }) => {
      const isNamed = [path, target].some(file => dirname(file) === folder && (name === null || basename(file) === name))
      return isNamed || targetOf(path) !== target
    })
  }

  #schedule(): void {
    const { clock, quietMs, changed } = this.#options
    this.#pending?.()
    this.#pending = clock.after(quietMs, () => {
      this.#pending = undefined
      changed()
    })
  }
}

/** Where a path leads through links; itself where there is nothing. */
function targetOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
