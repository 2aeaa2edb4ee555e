import type { Board } from '../model/board.ts'

/** The boards of the server's config that a token opens; none where it is not asked, or not answered. */
export async function fetchBoards(token: string | undefined): Promise<readonly Board[]> {
  const response = await fetch('./boards', { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
  if (!response.ok) return []
  const { boards } = (await response.json()) as { readonly boards: readonly Board[] }
  return boards
}
