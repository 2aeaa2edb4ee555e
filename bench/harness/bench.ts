/** One bench: what it measures, and how. */
export interface Bench {
  readonly title: string
  /** What is compared with what, in Markdown. */
  readonly about: string
  /** `say` takes Markdown, line by line. */
  run(args: readonly string[], say: (line: string) => void): Promise<void>
}

/** A line of a Markdown table. */
export function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`
}

export function head(...cells: readonly string[]): string {
  return `${row(...cells)}\n${row(...cells.map(() => '---'))}`
}
