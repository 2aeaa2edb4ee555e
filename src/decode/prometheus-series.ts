import type { Label } from './prometheus-line.ts'

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/

function quoted(text: string): string {
  return `"${text.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`))}"`
}

/** A series by its name, if it has one, and labels, as Prometheus prints it, the labels in the order of their names. */
export function printSeries(name: string, labels: readonly Label[]): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const printed = sorted.map(([label, value]) => `${plainLabel.test(label) ? label : quoted(label)}=${quoted(value)}`)
  if (name === '') return `{${printed.join(',')}}`
  if (plainName.test(name)) return printed.length === 0 ? name : `${name}{${printed.join(',')}}`
  return `{${[quoted(name), ...printed].join(',')}}`
}
