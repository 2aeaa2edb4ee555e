import { feedNameOf } from '../feed-name.ts'

/** Says what of the command has no bearing here. */
export function reportLeftOut(leftOut: readonly string[]): void {
  if (leftOut.length > 0) process.stderr.write(`Left out of the curl command: ${leftOut.join(', ')}\n`)
}

/** Says what of a curl command a source cannot do; exit 2. */
export function reportCurl(problems: readonly string[]): void {
  process.stderr.write(`${problems.map(problem => `This curl command cannot be a source: ${problem}`).join('\n')}\n`)
  process.exitCode = 2
}

/** A name for the feed of a URL in which variables may stand. */
export function nameOfSource(url: string): string {
  const plain = url.replaceAll(/\$\{\w+\}/g, '')
  return URL.canParse(plain) ? feedNameOf(plain) : 'feed'
}
