const [openMask, closeMask] = ['\u{fdd0}', '\u{fdd1}']

/**
 * The text with the braces of each `${NAME}` replaced, length kept: inside of { } and [ ] YAML takes them for brackets, and all that
 * follows would be misread. The tree puts them back.
 */
export function maskVariables(text: string): string {
  return text.replaceAll(/\$\{([^{}\r\n]*)\}/g, `$$${openMask}$1${closeMask}`)
}

/** A masked text as it was. */
export function unmask(text: string): string {
  return text.replaceAll(openMask, '{').replaceAll(closeMask, '}')
}
