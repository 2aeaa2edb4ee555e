import { assert, oneof, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PinoPretty } from 'pino-pretty'
import { PassThrough } from 'node:stream'
import { createLogger, type Logger } from '../../src/lib/log.ts'

/** What a logger writes, in one of its two forms. */
function written(form: 'json' | 'pretty', log: (logger: Logger) => void): string {
  let text = ''
  const destination = new PassThrough()
  destination.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
  const sink = { write: (line: string) => void (text += line) }
  log(createLogger({ level: 'debug', destination: form === 'json' ? sink : prettyTo(sink) }))
  return text
}

function prettyTo(sink: { write(line: string): void }): { write(line: string): void } {
  // As `cli/pretty-log.ts` has it, but for where the lines go.
  const pretty = PinoPretty.prettyFactory({ colorize: false, translateTime: 'SYS:HH:MM:ss', ignore: 'source,feed,cause' })
  return { write: line => sink.write(pretty(line)) }
}

const forms = ['json', 'pretty'] as const
const forged = 'one\n[12:00:00] INFO: forged\r\n\u001b[2J\u001b]0;title\u0007\u0085\u009b31m\u2028\u202etxt\u0000'

// oxlint-disable-next-line no-control-regex -- they are what is to be found
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/

describe.each(forms)('log injection by names and reasons, %s', form => {
  test.each<[string, (log: Logger) => void]>([
    ['in a message', log => log.warn(`source '${forged}' failed: ${forged}`)],
    ['in a fact', log => log.warn({ source: forged, reason: forged, view: forged }, 'a source failed')],
    ['in both', log => log.info({ view: forged }, forged)],
  ])('%s: one line, and nothing that a terminal obeys', (_where, log) => {
    const text = written(form, log)
    const lines = text.trimEnd().split('\n')
    // Pretty facts stand below their line, indented: none of them can pass for a line of its own.
    expect(lines.filter(line => !line.startsWith('    '))).toHaveLength(1)
    expect(text).not.toMatch(controls)
    expect(text).toContain('one')
  })

  test('in an error: its message is one line, its frames stay', () => {
    const error = Object.assign(new Error(forged), { code: forged, request: { headers: { authorization: 'Bearer hunter2' } } })
    const text = written(form, log => log.error({ err: error }, 'a fault'))
    expect(text.split('\n').filter(line => line.startsWith('[12:00:00]'))).toEqual([])
    expect(text).not.toMatch(controls)
    expect(text).toMatch(/log\.test\.ts/)
    expect(text).not.toContain('hunter2')
    expect(written(form, log => log.error({ err: forged }, 'no error'))).not.toMatch(controls)
  })

  test('of any text: one line', () => {
    assert(
      property(oneof(string(), string({ unit: 'binary' })), text => {
        const lines = written(form, log => log.info(`source ${text}`)).split('\n')
        expect(lines).toHaveLength(2)
        expect(lines[0]).not.toMatch(controls)
      }),
    )
  })
})

describe.each(forms)('secrets, %s', form => {
  test.each([
    'https://me:hunter2@x.example/rows',
    'asked https://hunter2@x.example/ in vain',
    'https://x.example/?token=hunter2&a=1',
    'GET /ws?feed=a&ticket=1&access_token=hunter2 HTTP/1.1',
    'Authorization: Bearer hunter2',
    'authorization: basic hunter2==',
  ])('%s: not told', text => {
    const told = written(form, log => {
      log.warn({ url: text }, text)
      log.error({ err: new Error(text) }, 'a fault')
    })
    expect(told).not.toContain('hunter2')
    expect(told).toContain('***')
  })

  test('what is none stays as it is', () => {
    const text = "source 'a': 2 rows at data.rows, key id? a=1 of http://x.example:80/b?page=2&limit=3"
    expect(written(form, log => log.info(text))).toContain(text)
  })
})
