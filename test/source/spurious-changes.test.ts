import { expect, test } from 'vitest'
import type { Poll, PollAnswered } from '../../src/source/ask.ts'
import { answered, httpSource, type WrittenOptions } from '../support/http-source.ts'
import { body, Upstream } from '../support/upstream.ts'

/** A day of a feed that is made anew every five minutes, and tells something new once. */
function rss(poll: number): string {
  const at = new Date(1_769_090_000_000 + poll * 300_000).toUTCString()
  const titles = poll < 80 ? ['one', 'two'] : ['one', 'two', 'three']
  const items = titles.map(title => `<item><guid>${title}</guid><title>${title}</title><seen>${at}</seen><pubDate>${at}</pubDate></item>`)
  return `<rss version="2.0"><channel><title>News</title><lastBuildDate>${at}</lastBuildDate><ttl>5</ttl>${items.join('')}</channel></rss>`
}

async function history(more: Partial<WrittenOptions> = {}, write = rss): Promise<{ polls: PollAnswered[]; lines: readonly string[] }> {
  const upstream = await Upstream.start()
  const { ask, log } = httpSource({ url: upstream.url, ...more })
  const polls: Poll[] = []
  for (let poll = 0; poll < 100; poll++) {
    upstream.script(body(write(poll), { 'content-type': 'application/rss+xml' }))
    polls.push(await ask.poll())
  }
  await ask.close()
  await upstream.close()
  return { polls: polls.map(answered), lines: log.lines }
}

const changed = (polls: readonly PollAnswered[]): number[] => polls.flatMap(({ kind }, i) => (kind === 'changed' ? [i] : []))

test('an RSS history in which only what is ignored changes is no change but where it tells something new', async () => {
  const { polls, lines } = await history({ ignore: 'published' })
  expect(changed(polls)).toEqual([0, 80])
  expect(polls.at(-1)?.spurious).toEqual({ count: 0 })
  expect(lines.filter(line => line.includes('ignore'))).toEqual([])
})

test('and what the channel says of itself never is one', async () => {
  const { polls } = await history({}, poll => rss(poll).replaceAll(/<(seen|pubDate)>.*?<\/\1>/g, ''))
  expect(changed(polls)).toEqual([0, 80])
})

test('what could be ignored is counted, and said once', async () => {
  const { polls, lines } = await history()
  expect(changed(polls)).toHaveLength(100)
  expect(polls[18]?.spurious).toEqual({ count: 18 })
  expect(polls.at(-1)?.spurious).toEqual({
    count: 98,
    suggestion: 'only published changed in 98 % of polls: ignore it? ignore: [published]',
  })
  expect(lines.filter(line => line.includes('ignore'))).toEqual([
    "info: source 'tested': only published changed in 95 % of polls: ignore it? ignore: [published]",
  ])
})

test('numbers that move are news', async () => {
  const { polls } = await history({ format: 'json' }, poll => JSON.stringify([{ id: 1, n: poll, at: 1_769_090_000 + poll }]))
  expect(polls.at(-1)?.spurious).toEqual({ count: 0 })
})
