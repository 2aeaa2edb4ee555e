import { storedToken } from './token-store.ts'

/** Has a source asked before it is due; what became of it, in words. Only for admins. */
export async function askNow(source: string): Promise<string> {
  const token = storedToken()
  try {
    const answer = await fetch(`./sources/${encodeURIComponent(source)}/poll`, {
      method: 'POST',
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    })
    if (!answer.ok) return answer.status === 404 ? 'your token may not ask for that' : `refused with ${answer.status}`
    const told: unknown = await answer.json()
    const why = typeof told === 'object' && told !== null && 'why' in told ? told.why : ''
    return typeof why === 'string' && why !== '' ? why : 'asked'
  } catch {
    // Not reached: the page says so at its top, too.
    return 'the server cannot be reached'
  }
}
