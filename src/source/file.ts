import { statSync } from 'node:fs'
import { FileWatch } from '../lib/file-watch.ts'
import type { Table } from '../model/table.ts'
import type { Ask, Poll } from './ask.ts'
import { DocumentAsk, type AskDeps } from './document-ask.ts'
import type { FileOptions } from './file.options.ts'
import { FileOrigin, type FilesOrigin } from './file-origin.ts'
import { FolderOrigin, folderAnswers } from './folder-origin.ts'

/** A file is seldom written in one go: it is read once it was left alone for so long, in ms. */
const quietMs = 50
/** What cannot be read so soon after it changed is probably still being written: it is read again, in ms and times. */
const tornMs = 1000
const rereadMs = 200
const rereads = 5

/** Reads a file, or the files of a folder, and makes a table of them; watches them in between. */
export function fileAsk(options: FileOptions, deps: AskDeps): Ask {
  const now = (): number => deps.clock.now()
  if (isFolder(options.path)) return new FileAsk(new FolderOrigin(options, now), { ...options, ...folderAnswers(options) }, true, deps)
  return new FileAsk(new FileOrigin(options.path, options.maxBodyBytes, now), options, false, deps)
}

class FileAsk implements Ask {
  readonly #origin: FilesOrigin
  readonly #document: DocumentAsk
  readonly #options: FileOptions
  readonly #isFolder: boolean
  readonly #deps: AskDeps
  #wake: () => void = () => undefined
  #watch: FileWatch | undefined

  constructor(origin: FilesOrigin, options: FileOptions, isFolder: boolean, deps: AskDeps) {
    this.#origin = origin
    this.#document = new DocumentAsk(origin, options, deps)
    this.#options = options
    this.#isFolder = isFolder
    this.#deps = deps
  }

  resume(table: Table): void {
    this.#document.resume(table)
  }

  wakes(wake: () => void): void {
    this.#wake = wake
  }

  async poll(): Promise<Poll> {
    this.#watch ??= this.#newWatch()
    for (let times = 1; ; times++) {
      const poll = await this.#document.poll()
      const isTorn = poll.kind === 'failed' && poll.cause === 'decode' && this.#deps.clock.now() - this.#origin.changedAt < tornMs
      if (!isTorn || times > rereads) return poll
      await new Promise<void>(resolve => void this.#deps.clock.after(rereadMs, resolve))
    }
  }

  rest(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  async close(): Promise<void> {
    this.rest()
    await this.#document.close()
  }

  #newWatch(): FileWatch {
    const { clock, log, name } = this.#deps
    const watch = new FileWatch({
      clock,
      quietMs,
      changed: () => this.#wake(),
      failed: (folder, error) =>
        log.info({ source: name, err: error }, `source '${name}': the folder '${folder}' cannot be watched: it is looked at instead`),
    })
    if (this.#isFolder) watch.watch([], [this.#options.path])
    else watch.watch([this.#options.path])
    return watch
  }
}

/** What is not there yet, or may not be looked at, is taken for a file: the poll says so. */
function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false
  }
}
