import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { findTypes, typedRow, type TextTypes } from '../decode/cell-type.ts'
import { decode } from '../decode/decode.ts'
import { DecodeError, exceeded, quotable } from '../decode/decode-error.ts'
import { findRows } from '../decode/find-rows.ts'
import { rowsAt } from '../decode/rows-at.ts'
import { itemRow } from '../decode/rows.ts'
import { formatSize } from '../lib/unit.ts'
import type { Row } from '../model/row.ts'
import type { AnswerOptions } from './answer.options.ts'
import type { Found } from './document-ask.ts'
import { fileFault, readWhole, stampOf, type FileRead, type FilesOrigin } from './file-origin.ts'
import type { FileOptions } from './file.options.ts'
import type { FileStamp } from './file-stamp.ts'

/** Most files of a folder. */
const maxFiles = 1000
/** The column that says which file a row is from. */
const fileColumn = 'file'

/** How the document is read that a folder's files make together. */
export function folderAnswers(options: FileOptions): AnswerOptions {
  const { pattern: _pattern, charset: _charset, header: _header, ...others } = options
  return { ...others, format: 'json', rows: '.', ...(options.key === undefined ? {} : { key: [fileColumn, ...options.key] }) }
}

/** The files of a folder as one document: their rows, each with the name of its file. Hidden files and folders are left out. */
export class FolderOrigin implements FilesOrigin {
  readonly what: string
  readonly #options: FileOptions
  readonly #now: () => number
  #found: ReadonlyMap<string, FileStamp> = new Map()
  #taken: ReadonlyMap<string, FileStamp> | undefined
  /** Of files whose cells are texts; a column once typed stays so. */
  #types: TextTypes = new Map()

  constructor(options: FileOptions, now: () => number) {
    this.what = `the folder ${quotable(basename(options.path), 60)}`
    this.#options = options
    this.#now = now
  }

  get changedAt(): number {
    return Math.max(0, ...[...this.#found.values()].map(({ changedAt }) => changedAt))
  }

  async find(): Promise<Found | 'same'> {
    const names = await this.#names()
    if (names.length > maxFiles) throw new DecodeError('too_large', `${this.what} has more than ${maxFiles} files`)
    if (await this.#isSame(names)) return 'same'
    const files: FileRead[] = []
    let bytes = 0
    for (const name of names.sort()) {
      const file = await readWhole(join(this.#options.path, name), this.#options.maxBodyBytes)
      bytes += file.body.byteLength
      if (bytes > this.#options.maxBodyBytes) throw exceeded('maxBody', formatSize(this.#options.maxBodyBytes))
      files.push(file)
    }
    this.#found = new Map(files.map(({ name, stamp }) => [name, stamp]))
    const body = Buffer.from(JSON.stringify(this.#rowsOf(files)))
    return { body, mediaType: 'application/json', ...(files.length === 0 ? {} : { asOf: this.changedAt }) }
  }

  taken(isSettled: boolean): void {
    this.#taken = isSettled ? this.#found : undefined
  }

  async #names(): Promise<string[]> {
    const { path } = this.#options
    try {
      const entries = await readdir(path, { withFileTypes: true })
      return entries.filter(entry => !entry.name.startsWith('.') && !entry.isDirectory()).map(({ name }) => name)
    } catch (error) {
      throw fileFault(error, basename(path))
    }
  }

  async #isSame(names: readonly string[]): Promise<boolean> {
    const taken = this.#taken
    if (taken?.size !== names.length) return false
    for (const name of names) {
      const stamp = taken.get(name)
      if (stamp?.isProof(this.#now()) !== true || !stamp.isSame(await stampOf(join(this.#options.path, name)))) return false
    }
    return true
  }

  /** @throws DecodeError that names the file */
  #rowsOf(files: readonly FileRead[]): readonly Row[] {
    const texts: Row[] = []
    const read = files.map(file => {
      const { rows, isText } = this.#read(file)
      if (isText) texts.push(...rows)
      return { name: file.name, rows, isText }
    })
    this.#types = findTypes(texts, this.#types)
    return read.flatMap(({ name, rows, isText }) => rows.map(row => named(isText ? typedRow(row, this.#types) : row, name)))
  }

  #read({ name, body, mediaType }: FileRead): { readonly rows: readonly Row[]; readonly isText: boolean } {
    try {
      const { document, isText = false, isListless = false } = decode({ body, mediaType }, this.#options)
      const path = this.#options.rows ?? findRows(document).path
      const at = rowsAt(document, path, { isListless: isListless && this.#options.rows !== undefined, maxCells: this.#options.maxCells })
      if (at.kind === 'absent') throw new DecodeError('rows', `there is nothing at rows: ${quotable(path)}`)
      return { rows: (at.kind === 'array' ? at.items : [at.item]).map(itemRow), isText }
    } catch (error) {
      if (error instanceof DecodeError) throw new DecodeError(error.kind, `${quotable(name, 60)}: ${error.message}`, error.limit)
      throw error
    }
  }
}

/** The row with its file in front, whatever it calls so itself. */
function named(row: Row, file: string): Row {
  return Object.assign({ [fileColumn]: file, ...row }, { [fileColumn]: file })
}
