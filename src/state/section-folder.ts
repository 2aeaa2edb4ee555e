import { createHash } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from '../lib/log.ts'
import { formatSize } from '../lib/unit.ts'
import { Lock } from './lock.ts'
import { maxSectionBytes, noChecksum, SectionError, sectionHead, sectionPayload } from './section.ts'
import type { Sections } from './sections.ts'
import { StateError } from './state-error.ts'

/** Files that were set aside are for people to look at, and the oldest go. */
const mostSetAside = 5

const suffix = '.state'

/** A folder of sections, each a file, used by this process alone. Reading is for the start and blocks; writing does not. */
export class SectionFolder implements Sections {
  /** Files that were set aside since the start. */
  setAside = 0
  readonly #path: string
  readonly #log: Logger
  readonly #lock: Lock

  /** Creates the folder where there is none. @throws StateError when it cannot be used. */
  constructor(path: string, log: Logger) {
    this.#path = path
    this.#log = log
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
      this.#lock = new Lock(path)
      // What was being written when a run before ended.
      for (const file of readdirSync(path)) if (file.endsWith(`${suffix}.tmp`)) rmSync(join(path, file))
    } catch (error) {
      throw unusable(path, error)
    }
    const { takenFrom } = this.#lock
    if (takenFrom !== undefined)
      log.info({ folder: path }, `state: process ${takenFrom} ended without giving the folder back; it is taken over`)
  }

  names(): readonly string[] {
    return readdirSync(this.#path)
      .filter(file => file.endsWith(suffix))
      .map(file => file.slice(0, -suffix.length))
  }

  read<T>(name: string, decode: (payload: Buffer) => T): T | undefined {
    const file = this.#file(name)
    try {
      const { size } = statSync(file)
      if (size > maxSectionBytes) throw new SectionError(`it is larger than ${formatSize(maxSectionBytes)}`)
      return decode(sectionPayload(readFileSync(file), name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      this.#putAside(name, error)
      return undefined
    }
  }

  async write(name: string, payload: readonly Buffer[]): Promise<void> {
    const bytes = payload.reduce((sum, part) => sum + part.byteLength, 0)
    if (bytes + 1024 > maxSectionBytes)
      throw new SectionError(`${formatSize(bytes)} are more than a file of it may have (${formatSize(maxSectionBytes)})`)
    const file = this.#file(name)
    const made = `${file}.tmp`
    try {
      const handle = await open(made, 'w', 0o600)
      try {
        await handle.writeFile(sectionHead(name, bytes, noChecksum))
        const hash = createHash('sha256')
        // Part by part: that of a large table at once would hold the loop.
        for (const part of payload) {
          hash.update(part)
          await handle.writeFile(part)
        }
        const head = sectionHead(name, bytes, hash.digest('hex'))
        const { bytesWritten } = await handle.write(head, 0, head.byteLength, 0)
        if (bytesWritten < head.byteLength) throw new SectionError('its head could not be written')
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(made, file)
    } catch (error) {
      await rm(made, { force: true }).catch(() => undefined)
      throw error
    }
    const folder = await open(this.#path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  remove(name: string): void {
    rmSync(this.#file(name), { force: true })
    this.#sync()
  }

  /** Gives the folder back. */
  close(): void {
    try {
      this.#lock.release()
    } catch (error) {
      this.#log.warn({ folder: this.#path }, `state: the folder could not be given back (${said(error)}); the next start takes it over`)
    }
  }

  #file(name: string): string {
    return join(this.#path, `${name}${suffix}`)
  }

  #sync(): void {
    const folder = openSync(this.#path, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  }

  /** It is no use, and may be of use to whoever wants to know why; the server goes on without it. */
  #putAside(name: string, cause: unknown): void {
    const file = `${name}${suffix}`
    const why = cause instanceof SectionError ? cause.message : `it cannot be used (${said(cause)})`
    try {
      const numbers = this.#numbersAside()
      const aside = `${file}.bad-${(numbers.at(-1)?.number ?? 0) + 1}`
      renameSync(join(this.#path, file), join(this.#path, aside))
      for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - mostSetAside))) rmSync(join(this.#path, old.file))
      this.setAside++
      this.#log.warn({ file, aside }, `state: '${file}' is set aside as '${aside}': ${why}`)
    } catch (error) {
      this.#log.warn({ file }, `state: '${file}' is left out: ${why}; it could not be set aside (${said(error)})`)
    }
  }

  #numbersAside(): { readonly file: string; readonly number: number }[] {
    return readdirSync(this.#path)
      .map(file => ({ file, number: Number(/\.state\.bad-(\d{1,9})$/.exec(file)?.[1] ?? 0) }))
      .filter(({ number }) => number > 0)
      .sort((a, b) => a.number - b.number)
  }
}

function said(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message.slice(0, 100) : String(error))
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this process may not write there',
  EPERM: 'this process may not write there',
  EROFS: 'that file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of the path is a file',
  EEXIST: 'it is a file',
  ENAMETOOLONG: 'the path is too long',
}

function unusable(path: string, error: unknown): StateError {
  if (error instanceof StateError) return error
  const { code = '' } = error as NodeJS.ErrnoException
  return new StateError(
    `state folder '${path}' cannot be used: ${reasons[code] ?? said(error)}; make it writable, or choose another with state.`,
  )
}

/** Why a folder could not be used if a server started now, without creating it; undefined: nothing is known against it. */
export function folderFault(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      const isFolder = statSync(at).isDirectory()
      if (!isFolder) return at === path ? reasons['EEXIST'] : reasons['ENOTDIR']
      accessSync(at, constants.W_OK | constants.X_OK)
      return undefined
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' || dirname(at) === at) return reasons[code] ?? said(error)
    }
  }
}
