import { createHash } from 'node:crypto'

/** What survives a restart is kept in sections by name, each a file: a line of JSON that says what follows, then the payload. */
const formatVersion = 1

/** No section is larger: one that would be is not kept, and a file that is is not read. */
export const maxSectionBytes = 512 * 1024 ** 2

/** The longest first line that is looked for. */
const maxHeadBytes = 1024

interface Head {
  readonly millrace: 'state'
  readonly format: number
  readonly section: string
  /** Bytes of the payload. */
  readonly length: number
  /** SHA-256 of the payload, hexadecimal. */
  readonly checksum: string
}

/** A file that is no sound section, with the reason as part of a sentence. */
export class SectionError extends Error {
  override readonly name = 'SectionError'
}

/** The first line of a section's file, with its end; as long whatever the checksum is. */
export function sectionHead(section: string, length: number, checksum: string): Buffer {
  const head: Head = { millrace: 'state', format: formatVersion, section, length, checksum }
  return Buffer.from(`${JSON.stringify(head)}\n`)
}

/** No checksum yet: a file that has it is torn. */
export const noChecksum = '0'.repeat(64)

/**
 * The payload of a section's file.
 * @throws SectionError when the file is another one's, of another format, or not whole.
 */
export function sectionPayload(file: Buffer, section: string): Buffer {
  const end = file.subarray(0, maxHeadBytes).indexOf(10)
  const head = end < 0 ? undefined : headOf(file.toString('utf8', 0, end))
  if (head === undefined) throw new SectionError('it is no file of Millrace, or torn')
  if (head.format !== formatVersion) throw new SectionError(`it is of format ${String(head.format)}, not ${formatVersion}`)
  if (head.section !== section) throw new SectionError('it holds another section')
  const payload = file.subarray(end + 1)
  if (payload.byteLength !== head.length) throw new SectionError(`it is torn: ${payload.byteLength} bytes of ${head.length}`)
  if (createHash('sha256').update(payload).digest('hex') !== head.checksum) throw new SectionError('its checksum is wrong')
  return payload
}

function headOf(line: string): Partial<Head> | undefined {
  try {
    const head: unknown = JSON.parse(line)
    return typeof head === 'object' && head !== null && (head as Partial<Head>).millrace === 'state' ? head : undefined
  } catch {
    return undefined
  }
}
