import { writeSync } from 'node:fs'
import type { FileRecord } from './format.ts'
import { encodeRecord, firstLine, noBytes } from './format.ts'

/** More than this waits to be written: the disk is too slow for what is recorded. In bytes. */
const mostWaiting = 256 * 1024 ** 2

/** Appends records to a file, one after the other, each whole: whatever ends the process, those before are there to be read. */
export class RecordingWriter {
  readonly #file: number
  readonly #failed: (error: Error) => void
  /** Written when all before are. */
  #last: Promise<void> = Promise.resolve()
  #count = 0
  #waitingBytes = 0
  #isBroken = false

  /**
   * @param file a descriptor of an empty file, which whoever opened it closes
   * @param failed called once when no more can be written
   * @throws what writing throws
   */
  constructor(file: number, failed: (error: Error) => void) {
    this.#file = file
    this.#failed = failed
    writeSync(file, firstLine)
  }

  /** Records so far. */
  get count(): number {
    return this.#count
  }

  /** @returns its number, from 0 */
  append(record: FileRecord, bytes: Buffer = noBytes): number {
    this.#waitingBytes += bytes.byteLength
    if (this.#waitingBytes > mostWaiting) this.#fail(new Error('the disk is too slow for what is recorded'))
    if (!this.#isBroken) {
      const encoded = encodeRecord(record, bytes)
      // Told by the promise below; one that fails before its turn must not end the process.
      encoded.catch(() => undefined)
      this.#last = this.#last.then(async () => this.#write(await encoded, bytes.byteLength)).catch((error: unknown) => this.#fail(error))
    }
    return this.#count++
  }

  /** Resolves once all is written. */
  flushed(): Promise<void> {
    return this.#last
  }

  #write(encoded: Buffer, ofBytes: number): void {
    this.#waitingBytes -= ofBytes
    if (this.#isBroken) return
    for (let at = 0; at < encoded.byteLength;) at += writeSync(this.#file, encoded, at)
  }

  #fail(error: unknown): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#failed(error instanceof Error ? error : new Error(String(error)))
  }
}
