import { z } from 'zod'
import { version } from '../lib/version.ts'
import type { LeftOff, Standing } from '../model/saved.ts'
import { SectionError } from './section.ts'
import type { Sections } from './sections.ts'

export const cleanStopSection = 'clean-stop'

const recordSchema = z.object({
  /** Another version may compute something else from the same definition. */
  millrace: z.string(),
  feeds: z.array(
    z.object({
      name: z.string(),
      fingerprint: z.string(),
      epoch: z.string().regex(/^[0-9a-z]{12}$/),
      version: z.int().min(1),
      count: z.int().min(0),
      sum: z.string(),
    }),
  ),
})

/** The record of a clean stop: the position that each feed published last. To be made when nothing more is published. */
export function cleanStopRecord(feeds: Iterable<Standing>): Buffer {
  const record: z.input<typeof recordSchema> = { millrace: version, feeds: [...feeds] }
  return Buffer.from(JSON.stringify(record))
}

export async function writeCleanStop(sections: Sections, feeds: Iterable<Standing>): Promise<void> {
  await sections.write(cleanStopSection, [cleanStopRecord(feeds)])
}

/**
 * Takes the record of a clean stop, by the name of the feed, of those that are still defined in the same way. It is gone before
 * it is used: were it found once more after a crash, versions that readers hold already would be given to other tables.
 */
export function takeCleanStop(sections: Sections, fingerprintOf: (feed: string) => string | undefined): Map<string, LeftOff> {
  const record = sections.read(cleanStopSection, readRecord)
  sections.remove(cleanStopSection)
  const left = new Map<string, LeftOff>()
  if (record?.millrace !== version) return left
  for (const { name, fingerprint, ...at } of record.feeds) if (fingerprintOf(name) === fingerprint) left.set(name, at)
  return left
}

function readRecord(payload: Buffer): z.output<typeof recordSchema> {
  const record = recordSchema.safeParse(JSON.parse(payload.toString('utf8')))
  if (!record.success) throw new SectionError('it holds no record of a stop')
  return record.data
}
