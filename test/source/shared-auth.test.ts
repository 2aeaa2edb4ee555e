import { expect, test } from 'vitest'
import type { Auth } from '../../src/source/auth/authorizer.ts'
import { SharedAuth } from '../../src/source/auth/shared-auth.ts'

function scripted(): { readonly made: () => number; readonly closed: () => number; readonly shared: SharedAuth } {
  let [made, closed] = [0, 0]
  const shared = new SharedAuth(() => {
    const credentials = { headers: { token: String(++made) }, query: {} }
    const auth: Auth = {
      open: () => ({
        scene: undefined,
        begin: () => undefined,
        credentials: () => Promise.resolve(credentials),
        refused: () => false,
        objection: () => undefined,
        accepted: () => undefined,
      }),
      close: () => {
        closed++
        return Promise.resolve()
      },
    }
    return auth
  })
  return { made: () => made, closed: () => closed, shared }
}

test('those that are open share one, which is closed with the last of them, and made anew after that', async () => {
  const { made, closed, shared } = scripted()
  const [one, other] = [shared.open(), shared.open()]
  const { signal } = new AbortController()
  const outgoing = { method: 'GET', path: '/' }
  expect(await one.credentials(outgoing, signal)).toBe(await other.credentials(outgoing, signal))
  expect(made()).toBe(1)
  await one.close()
  await one.close()
  expect(closed()).toBe(0)
  await other.close()
  expect(closed()).toBe(1)
  shared.open()
  expect(made()).toBe(2)
})
