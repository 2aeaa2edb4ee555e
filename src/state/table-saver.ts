import { createHash } from 'node:crypto'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatSize } from '../lib/unit.ts'
import type { Position } from '../model/position.ts'
import type { LiveTable, SavedPart, Standing } from '../model/saved.ts'
import { writeCleanStop } from './clean-stop.ts'
import { jsonParts } from './json-parts.ts'
import { proofsPayload, proofsSection, type ProofOf } from './proofs.ts'
import { proofOf, tableParts, tableSection } from './saved-table.ts'
import { maxSectionBytes, SectionError } from './section.ts'
import type { Sections } from './sections.ts'

export interface TableSaverOptions {
  readonly sections: Sections
  /** Between two saves, in ms: what a crash may cost at most. */
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
  /** The sources that have a table; each is looked at when its turn comes. */
  readonly live: () => Iterable<LiveTable>
  /** What is kept beside them. */
  readonly parts: readonly Omit<SavedPart, 'restore'>[]
}

/** What was written since the start. */
export interface SaveCounts {
  readonly written: number
  readonly failed: number
  readonly bytes: number
}

/** A save is followed by so many times its own time without one: large tables and slow disks make saves rarer, not the server slower. */
const restFactor = 20

/** Writes the tables that changed since they were last written, now and then and at the end. */
export class TableSaver {
  readonly #options: TableSaverOptions
  readonly #counts = { written: 0, failed: 0, bytes: 0 }
  /** By source: the position of the table that was written last. */
  readonly #written = new Map<string, Position>()
  /** By section: the checksum of what was written last of that which is written whole. */
  readonly #sums = new Map<string, string>()
  #cancel: Cancel | undefined
  #saving: Promise<void> = Promise.resolve()
  #isStopped = false
  #isFailing = false
  #savedAt: number | undefined

  constructor(options: TableSaverOptions) {
    this.#options = options
  }

  get counts(): SaveCounts {
    return this.#counts
  }

  /** Since all was written that was to be, in ms; undefined: it never was. */
  get ageMs(): number | undefined {
    return this.#savedAt === undefined ? undefined : this.#options.clock.monotonic() - this.#savedAt
  }

  start(): void {
    this.#after(this.#options.everyMs)
  }

  /** The last save, and the record of `standings`: where each feed stands, now that nothing more is published. Never throws. */
  async stop(standings: () => Iterable<Standing>): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#saving
    await this.#save()
    await this.#try(() => writeCleanStop(this.#options.sections, standings()))
  }

  #after(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#saving = this.#saveAndGoOn()
    })
  }

  async #saveAndGoOn(): Promise<void> {
    const { clock, everyMs } = this.#options
    const began = clock.monotonic()
    await this.#save()
    if (!this.#isStopped) this.#after(Math.max(everyMs, restFactor * (clock.monotonic() - began)))
  }

  async #save(): Promise<void> {
    let isWhole = true
    const proofs: ProofOf[] = []
    for (const live of this.#options.live()) {
      const { source, count, sum, position } = live
      const before = this.#written.get(source)
      const isDirty = before?.version !== position.version || before.epoch !== position.epoch
      if (isDirty && !(await this.#try(() => this.#write(live)))) isWhole = false
      else proofs.push({ source, count, sum, ...proofOf(live) })
    }
    if (!(await this.#try(() => this.#writeOther(proofsSection, [proofsPayload(proofs)])))) isWhole = false
    for (const part of this.#options.parts) if (!(await this.#try(() => this.#writePart(part)))) isWhole = false
    if (!isWhole) return
    this.#savedAt = this.#options.clock.monotonic()
    if (this.#isFailing) this.#options.log.info('state is written again')
    this.#isFailing = false
  }

  async #write(live: LiveTable): Promise<void> {
    const { source, fingerprint, position, count, sum } = live
    const parts: Buffer[] = []
    // Copied here and now, while it is the table of that position and sum.
    for (const part of tableParts({ fingerprint, saved: { table: live.table(), count, sum, ...proofOf(live) } })) {
      parts.push(part)
      await this.#turn()
    }
    await this.#put(tableSection(source), parts)
    this.#written.set(source, position)
  }

  #turn(): Promise<void> {
    return new Promise(resolve => void this.#options.clock.after(0, resolve))
  }

  async #writePart(part: Pick<SavedPart, 'section' | 'save'>): Promise<void> {
    const { parts, leftOut } = await jsonParts(part.save(), maxSectionBytes - 1024, () => this.#turn())
    await this.#writeOther(part.section, parts)
    if (leftOut.length > 0)
      throw new SectionError(`'${part.section}' would be larger than ${formatSize(maxSectionBytes)} with that of ${leftOut.join(', ')}`)
  }

  async #writeOther(section: string, parts: readonly Buffer[]): Promise<void> {
    const hash = createHash('sha256')
    for (const [i, part] of parts.entries()) {
      if (i > 0) await this.#turn()
      hash.update(part)
    }
    const sum = hash.digest('base64')
    if (sum === this.#sums.get(section)) return
    await this.#put(section, parts)
    this.#sums.set(section, sum)
  }

  async #put(section: string, payload: readonly Buffer[]): Promise<void> {
    await this.#options.sections.write(section, payload)
    this.#counts.written++
    this.#counts.bytes += payload.reduce((sum, part) => sum + part.byteLength, 0)
  }

  /** The server goes on, whatever the disk says; what it says is told once, until all goes well again. */
  async #try(write: () => Promise<void>): Promise<boolean> {
    try {
      await write()
      return true
    } catch (error) {
      this.#counts.failed++
      if (!this.#isFailing)
        this.#options.log.warn(
          { err: error },
          `state is not written: ${said(error)}; the server goes on, and starts with older tables if it has to`,
        )
      this.#isFailing = true
      return false
    }
  }
}

function said(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') return 'the disk is full'
  return code ?? (error instanceof Error ? error.message : String(error))
}
