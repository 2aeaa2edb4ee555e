import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StateError } from './state-error.ts'

/** Who holds a folder. */
interface Holder {
  readonly pid: number
  /** Tells two processes with one number apart, where the system says how; else empty. */
  readonly born: string
}

/** Of this process, which may be the one that is named in what a process of its number has left. */
const held = new Set<string>()

/** The fields of a process after its name; undefined where there is no /proc, or no such process. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may hold spaces and parentheses itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Which boot, and which instant of it a process began at; empty where there is no /proc. */
function bornOf(pid: number): string {
  try {
    const began = statOf(pid)?.[19] ?? ''
    return began === '' ? '' : `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${began}`
  } catch {
    return ''
  }
}

function lives({ pid, born }: Holder): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // One of another user may not be signalled, and lives.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  // It has ended, and only waits for its parent to take note: as in a container whose first process takes none.
  if (statOf(pid)?.[0] === 'Z') return false
  const now = bornOf(pid)
  return born === '' || now === '' || now === born
}

function holderOf(text: string): Holder | undefined {
  const [pid = '', ...born] = text.trim().split(' ')
  return /^\d{1,10}$/.test(pid) ? { pid: Number(pid), born: born.join(' ') } : undefined
}

/** Keeps a folder from being used by two processes at a time: a file with the number of the one that uses it. */
export class Lock {
  /** The number of a process that ended without giving the folder back; undefined: none did. */
  readonly takenFrom: number | undefined
  readonly #folder: string
  readonly #file: string
  readonly #text = `${process.pid} ${bornOf(process.pid)}\n`

  /** @throws StateError when another process uses the folder; the error of the file system when it cannot be written. */
  constructor(folder: string) {
    this.#folder = resolve(folder)
    this.#file = join(this.#folder, 'lock')
    if (held.has(this.#folder)) throw inUse(folder, process.pid)
    this.takenFrom = this.#take()
    held.add(this.#folder)
  }

  /** Gives the folder back. */
  release(): void {
    held.delete(this.#folder)
    if (this.#read() === this.#text) rmSync(this.#file, { force: true })
  }

  #take(): number | undefined {
    let takenFrom: number | undefined
    // Each round ends by taking it, by finding who has it, or with what was left being gone; who loses a race finds the winner.
    for (let round = 0; round < 10; round++) {
      if (this.#create()) return takenFrom
      const text = this.#read()
      if (text === undefined) continue
      const holder = holderOf(text)
      if (holder !== undefined && lives(holder)) throw inUse(this.#folder, holder.pid)
      if (this.#clear(text)) takenFrom = holder?.pid
    }
    throw new StateError(`state folder '${this.#folder}': several processes want it at once; start one.`)
  }

  #create(): boolean {
    try {
      writeFileSync(this.#file, this.#text, { flag: 'wx', mode: 0o600 })
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Moves what a dead process left out of the way, and back should it be another's by now. */
  #clear(text: string): boolean {
    const aside = `${this.#file}.${process.pid}`
    try {
      renameSync(this.#file, aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
    const isSame = readFileSync(aside, 'utf8') === text
    if (isSame) rmSync(aside)
    else renameSync(aside, this.#file)
    return isSame
  }
}

function inUse(folder: string, pid: number): StateError {
  return new StateError(`state folder '${folder}' is in use by process ${pid}: stop that one, or give each server a folder of its own.`)
}
