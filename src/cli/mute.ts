import { fail, terminalLines } from './server-failure.ts'
import { tokenHint, tokenSource, type TokenOptions } from './token-source.ts'

export interface MuteOptions extends TokenOptions {
  readonly url: string
  /** `2h` */
  readonly for?: string
  /** ISO 8601 */
  readonly until?: string
  readonly off?: boolean
}

/** `millrace mute <feed>`: its sinks are told nothing for a while. */
export async function muteFeed(feed: string, options: MuteOptions): Promise<void> {
  const token = tokenSource(options)
  if (token === undefined) return
  try {
    const until = await ask(feed, options, token())
    const said = until === null ? `'${feed}' is no longer muted` : `'${feed}' is muted until ${new Date(until).toISOString()}`
    process.stdout.write(terminalLines([said]))
  } catch (error) {
    fail(error)
  }
}

/** @returns until when it is muted, ms since 1970; null: it is not. @throws Error with the mend */
async function ask(feed: string, { url, for: forTime, until, off }: MuteOptions, token: string | undefined): Promise<number | null> {
  const server = url.replace(/^ws/i, 'http').replace(/\/$/, '')
  const response = await fetch(`${server}/feeds/${encodeURIComponent(feed)}/mute`, {
    method: off === true ? 'DELETE' : 'POST',
    headers: token === undefined || token === '' ? {} : { Authorization: `Bearer ${token}` },
    ...(off === true ? {} : { body: JSON.stringify(until === undefined ? { for: forTime } : { until }) }),
  }).catch(() => undefined)
  if (response === undefined) throw new Error(`no server answers at ${server}`)
  if (response.status === 401) throw new Error(`the server asks for a token. ${tokenHint}`)
  const asked = token === undefined || token === '' ? 'without a token' : 'for this token'
  if (response.status === 404)
    throw new Error(`there is no feed '${feed}' to mute ${asked}; muting needs one of \`auth.tokens\` with \`admin: true\``)
  if (!response.ok) throw new Error(`the server refused it (${response.status}): ${await response.text()}`)
  const { mutedUntil } = (await response.json()) as { readonly mutedUntil: number | null }
  return mutedUntil
}
