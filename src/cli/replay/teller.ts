import type { Tell } from '../../replay/redaction.ts'

/** Writes variables in the place of their values, as `${NAME}`, in whatever form these stand in a URL. */
export function teller(values: Iterable<readonly [name: string, value: string]>): Tell {
  const pairs = [...values]
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => formsOf(value).map(form => ({ form, written: '${' + name + '}' })))
    .sort((a, b) => b.form.length - a.form.length)
  return text => pairs.reduce((so, { form, written }) => so.replaceAll(form, () => written), text)
}

/** The other way round. */
export function unteller(values: Iterable<readonly [name: string, value: string]>): Tell {
  const pairs = [...values]
  return text => pairs.reduce((so, [name, value]) => so.replaceAll('${' + name + '}', () => value), text)
}

function formsOf(value: string): string[] {
  const inQuery = new URLSearchParams({ a: value }).toString().slice(2)
  const asUrl = /^[a-z]+:\/\//i.test(value) && URL.canParse(value) ? [new URL(value).href, new URL(value).href.replace(/\/$/, '')] : []
  return [...new Set([value, encodeURIComponent(value), inQuery, ...asUrl])]
}
