import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { LiveTable, Standing } from '../model/saved.ts'
import type { SavedPart } from '../model/saved.ts'
import { SectionFolder } from './section-folder.ts'
import { TableSaver } from './table-saver.ts'
import { takeUp, type TakenUp } from './take-up.ts'

/** What is kept over a restart; `server.ts` fills it in. */
export interface Kept {
  /** The names of all sources. */
  sources(): Iterable<string>
  /** Of a feed's or source's definition; undefined: there is none of that name. */
  fingerprintOf(feed: string): string | undefined
  /** The sources that have a table. */
  live(): Iterable<LiveTable>
  /** The feeds that have a table. */
  standings(): Iterable<Standing>
  restore(taken: TakenUp): void
}

export interface SavedStateOptions {
  readonly parts: readonly SavedPart[]
  /** Between two saves, in ms. */
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
}

interface Figures {
  readonly written: number
  readonly failed: number
  readonly bytes: number
  readonly setAside: number
  readonly ageMs: number | undefined
}

/** What survives a restart of the server, in a folder: taken up at the start, kept while it runs, and whole after a clean stop. */
export class SavedState {
  readonly #path: string
  readonly #kept: Kept
  readonly #options: SavedStateOptions
  #open: { readonly folder: SectionFolder; readonly saver: TableSaver } | undefined

  constructor(path: string, kept: Kept, options: SavedStateOptions) {
    this.#path = path
    this.#kept = kept
    this.#options = options
  }

  get figures(): Figures | undefined {
    if (this.#open === undefined) return undefined
    const { folder, saver } = this.#open
    return { ...saver.counts, setAside: folder.setAside, ageMs: saver.ageMs }
  }

  /** Makes the folder this process' own and hands over what a run before has left in it. @throws StateError when it cannot be used. */
  takeUp(): void {
    const folder = new SectionFolder(this.#path, this.#options.log)
    const saver = new TableSaver({ ...this.#options, sections: folder, live: () => this.#kept.live() })
    for (const part of this.#options.parts) {
      const saved = folder.read(part.section, payload => JSON.parse(payload.toString('utf8')) as unknown)
      if (saved !== undefined) part.restore(saved)
    }
    const taken = takeUp(folder, this.#kept.sources(), feed => this.#kept.fingerprintOf(feed))
    this.#kept.restore(taken)
    this.#open = { folder, saver }
    const { tables, left } = taken
    if (tables.size > 0) this.#options.log.info({ tables: tables.size, feeds: left.size }, said(tables.size, left.size))
  }

  /** Begins to save. */
  start(): void {
    this.#open?.saver.start()
  }

  /** Saves for the last time, now that nothing more is published, and gives the folder back. Waits for so long at most, in ms. */
  async stop(withinMs: number): Promise<void> {
    if (this.#open === undefined) return
    const { folder, saver } = this.#open
    const { clock, log } = this.#options
    const save = async (): Promise<boolean> => {
      await saver.stop(() => this.#kept.standings())
      folder.close()
      return true
    }
    const isDone = await new Promise<boolean>((resolve, reject) => {
      const cancel = clock.after(withinMs, () => resolve(false))
      save().then(resolve, reject).finally(cancel)
    })
    if (!isDone) log.warn('state: the last save is not waited for any longer; the next start goes on from what was saved before')
  }
}

function said(tables: number, feeds: number): string {
  const what = tables === 1 ? '1 table is' : `${tables} tables are`
  return feeds > 0 ? `state: ${what} taken up where a clean stop left off` : `state: ${what} taken up, to be proved by the next polls`
}
