import { writeFileSync } from 'node:fs'
import { connect } from '../client-node.ts'
import { formatDuration } from '../lib/unit.ts'
import { cellOf, type Row } from '../model/row.ts'
import { drawSchedule, type PlottedPoll, type SchedulePlot } from './schedule-plot.ts'
import { fail, failureOf, terminalLines } from './server-failure.ts'
import { tokenSource, type TokenOptions } from './token-source.ts'

/** `millrace schedule <source>`: what a running server has learned of when a source changes, and why it asks next when it does. */
export async function showSchedule(
  source: string,
  options: TokenOptions & { readonly url: string; readonly plot?: string },
): Promise<void> {
  const token = tokenSource(options)
  if (token === undefined) return
  const millrace = connect(options.url, { token })
  try {
    const sources = await Promise.race([sourcesOf(millrace), failureOf(millrace, options.url, 'It has to open $sources.')])
    const row = sources.get(source)
    if (row === undefined) throw new Error(`no source '${source}'; there are ${[...sources.keys()].join(', ')}`)
    process.stdout.write(terminalLines(linesOf(source, row)))
    if (options.plot !== undefined) writeFileSync(options.plot, drawSchedule(plotOf(source, row, await pollsOf(millrace, source))))
  } catch (error) {
    fail(error)
  } finally {
    millrace.close()
  }
}

/**
 * The rows of `$sources` as they are now: what comes first may be from when somebody last read them.
 * @throws MillraceError where the server refuses it
 */
function sourcesOf(millrace: ReturnType<typeof connect>): Promise<ReadonlyMap<string, Row>> {
  return new Promise((resolve, reject) => {
    const feed = millrace.feed('$sources')
    const take = (): void => {
      if (feed.rows !== undefined && feed.freshness.state === 'fresh') resolve(feed.table.rows)
    }
    feed.onError(error => reject(error))
    feed.onFreshness(take)
    feed.subscribe(take)
  })
}

/** Its last polls, at most 60; the oldest first. @throws MillraceError where the token does not open `$polls` */
async function pollsOf(millrace: ReturnType<typeof connect>, source: string): Promise<readonly PlottedPoll[]> {
  const { rows } = await millrace.get('$polls', { where: `source == ${JSON.stringify(source)}` })
  return [...rows.values()]
    .map(row => ({ at: numberOf(row, 'time') ?? 0, change: textOf(row, 'change') }))
    .sort((one, other) => one.at - other.at)
}

function plotOf(source: string, row: Row, polls: readonly PlottedPoll[]): SchedulePlot {
  const [periodMs, expectedAt, deviationMs] = [numberOf(row, 'period'), numberOf(row, 'expected'), numberOf(row, 'deviation')]
  const isKnown = periodMs !== undefined && expectedAt !== undefined && deviationMs !== undefined
  const period = isKnown ? { periodMs, expectedAt, deviationMs } : undefined
  return { source, why: textOf(row, 'why'), polls, next: numberOf(row, 'next'), period }
}

function linesOf(source: string, row: Row): string[] {
  const [every, price] = [numberOf(row, 'every'), numberOf(row, 'price')]
  const isLearning = price !== undefined
  const pace =
    every === undefined ? '' : isLearning ? `one request per ${formatDuration(every)} on average` : `every ${formatDuration(every)}`
  const why = textOf(row, 'why')
  return [
    `${source}: ${pace}, ${textOf(row, 'state')}`,
    `  learned    ${learned(row, isLearning)}`,
    `  next       ${instant(numberOf(row, 'next'))}${why === '' ? 'not asked: nobody wants it' : why}`,
    `  polls      ${['changed', 'unchanged', 'failed'].map(kind => `${numberOf(row, kind) ?? 0} ${kind}`).join(', ')}`,
    ...(price === undefined ? [] : [`  price      ${price.toFixed(2)}: ${priceSaid(price)}`]),
  ]
}

function learned(row: Row, isLearning: boolean): string {
  if (!isLearning) return 'nothing: it is asked on a fixed grid; `every: {average: ..}` learns'
  const [periodMs, expectedAt, deviationMs] = [numberOf(row, 'period'), numberOf(row, 'expected'), numberOf(row, 'deviation')]
  if (periodMs === undefined || expectedAt === undefined || deviationMs === undefined) return 'no schedule by which it changes'
  return `changes every ${seconds(periodMs)}, next expected ${instant(expectedAt)}± ${seconds(deviationMs)}`
}

function priceSaid(price: number): string {
  if (price > 1.2) return 'more requests than the average were made; it asks less until they are paid back'
  return price < 0.8 ? 'fewer requests than the average were made; there are some to spend' : 'as many requests as the average allows'
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** `12:04:03.2 `, UTC; empty where there is none. */
function instant(at: number | undefined): string {
  return at === undefined ? '' : `${new Date(at).toISOString().slice(11, 21)} `
}

function numberOf(row: Row, column: string): number | undefined {
  const cell = cellOf(row, column)
  return typeof cell === 'number' ? cell : undefined
}

function textOf(row: Row, column: string): string {
  const cell = cellOf(row, column)
  return typeof cell === 'string' ? cell : ''
}
