import { parseDocument, type Document } from 'yaml'
import type { SourceText } from './source-text.ts'
import { maskVariables } from './variable-mask.ts'
import { lineParts, syntaxFaults, type SyntaxFault } from './yaml-syntax.ts'

/** A parsed config and what YAML refuses of it. */
export interface YamlDocument {
  readonly document: Document.Parsed
  readonly faults: readonly SyntaxFault[]
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { schema: 'core', version: '1.2', prettyErrors: false, uniqueKeys: false, stringKeys: true })
}

function isBalanced(value: string): boolean {
  const count = (brackets: RegExp): number => value.match(brackets)?.length ?? 0
  return count(/[[{]/g) === count(/[\]}]/g)
}

/** The text with the value of one line made harmless, length kept; undefined where a line cannot be mended by itself. */
function withoutValue(text: string, source: SourceText, fault: SyntaxFault): string | undefined {
  const place = source.place(fault.from, fault.to)
  const parts = lineParts(place.text)
  if (parts === undefined || place.column <= parts.name.length || !isBalanced(parts.value) || /^[|>]/.test(parts.value)) return undefined
  const from = fault.from - (place.column - 1) + parts.before.length
  return text.slice(0, from) + 'x'.repeat(parts.value.length) + text.slice(from + parts.value.length)
}

const mostRounds = 8

/**
 * Parses a config. A line whose value YAML cannot read is set aside and the rest parsed again, so that one unquoted expression hides
 * no other mistake.
 */
export function parseYaml(source: SourceText): YamlDocument {
  let text = maskVariables(source.text)
  let document = parse(text)
  const aside: SyntaxFault[] = []
  for (let round = 0; round < mostRounds && document.errors.length > 0; round++) {
    const faults = syntaxFaults(document.errors, source)
    const mended = faults.flatMap(fault => (withoutValue(text, source, fault) === undefined ? [] : [fault]))
    const next = mended.reduce((so, fault) => withoutValue(so, source, fault) ?? so, text)
    const again = parse(next)
    if (mended.length === 0 || again.errors.length >= document.errors.length) break
    aside.push(...mended.map(fault => ({ ...fault, isFatal: false })))
    ;[text, document] = [next, again]
  }
  const faults = [...aside, ...syntaxFaults(document.errors, source)].sort((a, b) => a.from - b.from)
  return { document, faults }
}
