const storageKey = 'millrace.token'

/** Where the browser refuses its storage. */
let held: string | undefined

/** The token of this tab, which forgets it when it is closed; undefined: nobody signed in. */
export function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(storageKey) ?? undefined
  } catch {
    return held
  }
}

/** Undefined: it is to be forgotten. */
export function storeToken(token: string | undefined): void {
  held = token
  try {
    if (token === undefined) sessionStorage.removeItem(storageKey)
    else sessionStorage.setItem(storageKey, token)
  } catch {
    // Kept until the page is left.
  }
}
