/** A value as `.env` holds it, in whichever quotes leave it as it is; undefined: there are none. */
function quoted(value: string): string | undefined {
  if (/^[\w@%+=:,./~-]+$/.test(value)) return value
  if (!value.includes("'")) return `'${value}'`
  if (!/["\\]/.test(value)) return `"${value}"`
  return value.includes('`') ? undefined : `\`${value}\``
}

/** The text of a `.env` with more variables at its end; undefined: one has a value that `.env` cannot hold. */
export function addVariables(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  const values = [...variables].map(([name, value]) => [name, quoted(value)] as const)
  if (values.some(([, value]) => value === undefined)) return undefined
  const lines = values.map(([name, value]) => `${name}=${value ?? ''}\n`)
  return text + (text === '' || text.endsWith('\n') ? '' : '\n') + lines.join('')
}
