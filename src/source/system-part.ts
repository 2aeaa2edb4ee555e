import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import type { Row } from '../model/row.ts'

/** One thing of this machine that can be asked. */
export interface SystemReader {
  /** The key column. */
  readonly key: string
  read(): Promise<readonly Row[]>
  close(): void
}

/** What readers need of the machine; in tests another one. */
export interface Machine {
  readonly clock: Clock
  /** A file of /proc; undefined where there is none (no Linux). */
  readonly readText: (path: string) => Promise<string | undefined>
}

export function thisMachine(clock: Clock): Machine {
  return { clock, readText: textOrNothing }
}

async function textOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EACCES') return undefined
    throw error
  }
}

/** A share with one decimal; null while there is no whole to take it of. */
export function percent(part: number, whole: number): number | null {
  return whole <= 0 ? null : Math.round((Math.max(0, part) / whole) * 1000) / 10
}
