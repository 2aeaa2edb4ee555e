import type { BigIntStats } from 'node:fs'

/** A file that changed within so long may change again without showing it, in ms: clocks of file systems are coarse. */
const racyMs = 2000

/** What shows that a file is another one, or was written to, without a look into it. */
export class FileStamp {
  readonly #text: string
  /** When it was last written to, ms since 1970 UTC. */
  readonly changedAt: number
  readonly bytes: number

  constructor({ ino, size, mtimeNs, mtimeMs }: BigIntStats) {
    this.#text = `${ino} ${size} ${mtimeNs}`
    this.changedAt = Number(mtimeMs)
    this.bytes = Number(size)
  }

  isSame(other: FileStamp | undefined): boolean {
    return other !== undefined && this.#text === other.#text
  }

  /** Whether it proves, at `now`, that what was read is still what stands there. */
  isProof(now: number): boolean {
    return now - this.changedAt >= racyMs
  }
}
