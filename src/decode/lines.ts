/** A line without its end, and its number from 1. */
export interface Line {
  readonly text: string
  readonly number: number
}

/** The lines of a text one by one, ended by LF or CRLF. */
export function* linesOf(text: string): Generator<Line> {
  let number = 0
  for (let from = 0; from < text.length;) {
    const at = text.indexOf('\n', from)
    const end = at < 0 ? text.length : at
    number++
    yield { text: text.slice(from, end > from && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end), number }
    from = end + 1
  }
}
