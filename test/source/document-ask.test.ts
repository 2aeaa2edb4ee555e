import { expect, test } from 'vitest'
import { answerOptions, answerKeys } from '../../src/source/answer.options.ts'
import { DocumentAsk, type Found } from '../../src/source/document-ask.ts'
import { z } from 'zod'
import { failed, RecordedLog, rowsOf } from '../support/http-source.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('a look that does not end fails its poll at the deadline, and no other is begun beside it', async () => {
  const clock = new ManualClock()
  let looks = 0
  let found: ((found: Found) => void) | undefined
  const find = (): Promise<Found> => {
    looks++
    return new Promise(resolve => (found = resolve))
  }
  const options = answerOptions(z.strictObject(answerKeys).parse({ timeout: '5s' }), 10_000)
  const ask = new DocumentAsk({ what: 'the file x', find }, options, { name: 'tested', clock, log: new RecordedLog().logger })
  const first = ask.poll()
  await clock.advanceAsync(5001)
  expect(failed(await first)).toMatchObject({ cause: 'timeout', reason: 'the file x: no end within 5s' })
  const second = ask.poll()
  await clock.advanceAsync(1000)
  expect(looks).toBe(1)
  found?.({ body: Buffer.from('[{"id":1}]'), mediaType: 'application/json' })
  await clock.advanceAsync(0)
  expect(rowsOf(await second)).toEqual([{ id: 1 }])
})
