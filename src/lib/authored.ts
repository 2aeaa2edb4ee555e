/** Where in a program something was written, as the stack tells it. */
export interface Site {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** The function that was called there. */
  readonly call: string
}

/** A part of a config that a program wrote: what a file would say and, where a file has a name, what bears the name. */
export interface Authored {
  readonly value: unknown
  /** The call that was given it; undefined: the stack does not tell. */
  readonly site: Site | undefined
  /** Members of the value that were given to other calls. */
  readonly members?: ReadonlyMap<string, Site | undefined>
}

/** Under this a part says what it is; two copies of the package know each other's. */
export const authored = Symbol.for('millrace.authored')

/** What a program wrote of its own accord, or undefined where it is anything else. */
export function authoredOf(value: unknown): Authored | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  return (value as { readonly [authored]?: Authored })[authored]
}

/** Where `called` was called from. */
export function siteOf(called: (...given: never) => unknown, call: string): Site | undefined {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 1
  Error.captureStackTrace(holder, called)
  Error.stackTraceLimit = limit
  const frame = frameOf(holder.stack ?? '')
  return frame === undefined ? undefined : { ...frame, call }
}

/** The first place of a stack that `isMeant`; columns are those of the code that ran, which is not what was written. */
export function frameOf(stack: string, isMeant: (file: string) => boolean = () => true): Omit<Site, 'call'> | undefined {
  for (const line of stack.split('\n')) {
    const [, written = '', number = ''] = /^\s+at (?:.*\()?(?:file:\/\/)?(.+?):(\d+):\d+\)?$/.exec(line) ?? []
    if (written !== '' && isMeant(written)) return { file: written, line: Number(number) }
  }
  return undefined
}
