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
    process.stdout.write(terminalLines([said(feed, await ask(feed, options, token()))]))
  } catch (error) {
    fail(error)
  }
}

interface Muted {
  /** ms since 1970; null: it is not. */
  readonly mutedUntil: number | null
  readonly wasMuted: boolean
}

function said(feed: string, { mutedUntil, wasMuted }: Muted): string {
  if (mutedUntil !== null) return `'${feed}' is muted until ${new Date(mutedUntil).toISOString()}`
  return wasMuted ? `'${feed}' is no longer muted` : `'${feed}' was not muted: there was nothing to end`
}

/** @throws Error with the mend */
async function ask(feed: string, { url, for: forTime, until, off }: MuteOptions, token: string | undefined): Promise<Muted> {
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
  if (response.status === 400 && until !== undefined)
    throw new Error(`${until} is no time to come by the server's clock: say a later one, or end the mute by --off`)
  if (!response.ok) throw new Error(`the server refused it (${response.status}): ${await response.text()}`)
  return (await response.json()) as Muted
}
