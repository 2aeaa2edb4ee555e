import type { Sections } from '../../src/state/sections.ts'

/** Sections in memory, over a disk that can be full or slow. */
export class MemorySections implements Sections {
  /** Names, as they were written. */
  readonly written: string[] = []
  /** Whether the disk is full for a section. */
  fails: (name: string) => boolean = () => false
  /** How long a section takes. */
  delay: () => Promise<void> = () => Promise.resolve()
  readonly #sections = new Map<string, Buffer>()

  names(): readonly string[] {
    return [...this.#sections.keys()]
  }

  read<T>(name: string, decode: (payload: Buffer) => T): T | undefined {
    const payload = this.#sections.get(name)
    return payload === undefined ? undefined : decode(payload)
  }

  async write(name: string, payload: readonly Buffer[]): Promise<void> {
    await this.delay()
    if (this.fails(name)) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    this.written.push(name)
    this.#sections.set(name, Buffer.concat(payload))
  }

  remove(name: string): void {
    this.#sections.delete(name)
  }

  /** As nobody but the test does. */
  edit(name: string, change: (text: string) => string): void {
    this.#sections.set(name, Buffer.from(change(this.#sections.get(name)?.toString('utf8') ?? '')))
  }
}
