import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigRecord, ExchangeRecord, FileRecord } from '../../src/replay/format.ts'
import { RecordingWriter } from '../../src/replay/recording-writer.ts'

/** When recordings of tests begin, ms since 1970 UTC. */
export const recordedAt = 1_769_090_000_000

export function configRecord(config = 'sources: {a: "http://u.example/a"}'): ConfigRecord {
  return { kind: 'config', by: 'millrace/test', startMs: recordedAt, config, variables: {} }
}

/** A request for /a of the source `a`, and its answer. */
export function exchange(at: number, more: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const { source = 'a' } = more
  return {
    kind: 'exchange',
    at,
    source,
    purpose: 'data',
    method: 'GET',
    url: `http://u.example/${source}`,
    sentHeaders: {},
    status: 200,
    headers: { 'content-type': 'application/json' },
    headMs: 20,
    endMs: 25,
    ...more,
  }
}

/** A folder of its own for recordings. */
export class Recordings {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-replay-'))
  #count = 0

  path(): string {
    return join(this.folder, `${this.#count++}.mrec`)
  }

  /** A recording of these records. */
  async write(records: Iterable<readonly [FileRecord, Buffer?]>): Promise<string> {
    const path = this.path()
    const file = openSync(path, 'w')
    const writer = new RecordingWriter(file, error => {
      throw error
    })
    for (const [record, bytes] of records) writer.append(record, bytes)
    await writer.flushed()
    closeSync(file)
    return path
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}
