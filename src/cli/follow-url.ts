import { configOf } from '../config/load.ts'
import { feedNameOf, shownUrl } from './feed-name.ts'
import { reportProblems } from './problems.ts'
import { serve } from './serve.ts'

export interface FollowOptions {
  readonly port?: number
  readonly every: string
  readonly rows?: string
  readonly key?: string
}

/** `millrace <url>`: a live feed of that URL, with rows and key found by looking; exit 2 when an option cannot be used. */
export async function followUrl(url: string, options: FollowOptions): Promise<void> {
  await followSource(feedNameOf(url), { url }, options, shownUrl(url))
}

/** Serves one source, as a config would have it; `from` is what it is called on the terminal, without secrets. */
export async function followSource(
  name: string,
  source: Readonly<Record<string, unknown>>,
  options: FollowOptions,
  from: string,
): Promise<void> {
  const { port, every, rows, key } = options
  const loaded = configOf(
    {
      ...(port === undefined ? {} : { server: { port } }),
      // Who names a URL wants to hear of it at once: what was found in it, or why it cannot be read.
      sources: {
        [name]: { demand: 'always', ...source, every, ...(rows === undefined ? {} : { rows }), ...(key === undefined ? {} : { key }) },
      },
    },
    'command line',
  )
  if (loaded.ok) return serve({ config: loaded.config, from, example: name })
  reportProblems(loaded.problems)
  process.exitCode = 2
}
