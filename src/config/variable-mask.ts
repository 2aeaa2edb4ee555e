const [openMask, closeMask] = ['\u{fdd0}', '\u{fdd1}']

/** Whether what stands between the braces is one variable: it goes on neither behind the end of its quotes nor into the next item of a list. */
function isOne(body: string, before: string): boolean {
  const isBehindQuotes = ['"', "'"].some(quote => body.includes(quote) && before.split(quote).length % 2 === 0)
  return !isBehindQuotes && (!body.includes(',') || /^(file:|[A-Za-z_]\w*:-)/.test(body))
}

/**
 * The text with the braces of each `${NAME}` replaced, length kept: inside of { } and [ ] YAML takes them for brackets, and all that
 * follows would be misread. So it would of a `${` that is not closed, whose brace alone is replaced. The tree puts them back.
 */
export function maskVariables(text: string): string {
  return text.replaceAll(/\$\{([^{}\r\n]*)(\}?)/g, (_written, body: string, end: string, from: number) => {
    const isClosed = end !== '' && isOne(body, text.slice(text.lastIndexOf('\n', from) + 1, from))
    return `$${openMask}${body}${isClosed ? closeMask : end}`
  })
}

/** A masked text as it was. */
export function unmask(text: string): string {
  return text.replaceAll(openMask, '{').replaceAll(closeMask, '}')
}
