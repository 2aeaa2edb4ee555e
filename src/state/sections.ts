/** Sections by name, wherever they are kept. */
export interface Sections {
  names(): readonly string[]
  /**
   * What `decode` makes of a section's payload; undefined where there is none, or none that is sound, which is set aside.
   * `decode` throws where the payload is not what it expects.
   */
  read<T>(name: string, decode: (payload: Buffer) => T): T | undefined
  /** Whole or not at all; what is there is replaced. */
  write(name: string, payload: readonly Buffer[]): Promise<void>
  /** For good when it returns, whatever happens then. */
  remove(name: string): void
}
