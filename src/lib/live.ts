/**
 * An object with the members of whatever `current` gives at the moment, for those who keep it while that is replaced. The names of
 * the members are those of now.
 */
export function live<T extends object>(current: () => T): T {
  const view = {}
  for (const name of Object.keys(current()))
    Object.defineProperty(view, name, { enumerable: true, get: () => (current() as Readonly<Record<string, unknown>>)[name] })
  return view as T
}
