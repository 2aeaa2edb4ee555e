import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

/** A file as it is to be. */
export interface FileText {
  readonly file: string
  readonly text: string
  /** A new one is for its owner alone. */
  readonly isPrivate: boolean
}

interface Staged {
  readonly beside: string
  readonly file: string
}

/**
 * Writes all of the files whole, or none: what is there stays until the new ones are. Each is written beside it first, by nobody else at a
 * time and never through a file that is there already.
 * @throws Error of the file system; `EEXIST`: another one is writing, or was broken off
 */
export function writeWhole(files: readonly FileText[]): void {
  const staged: Staged[] = []
  try {
    for (const one of files) staged.push(stage(one))
    for (const { beside, file } of staged) renameSync(beside, file)
  } catch (error) {
    for (const { beside } of staged) rmSync(beside, { force: true })
    throw error
  }
}

function stage({ file: named, text, isPrivate }: FileText): Staged {
  // What is a link stays one.
  const file = existsSync(named) ? realpathSync(named) : named
  const mode = existsSync(file) ? statSync(file).mode : isPrivate ? 0o600 : 0o666
  const beside = `${file}.new`
  writeFileSync(beside, text, { mode, flag: 'wx' })
  return { beside, file }
}
