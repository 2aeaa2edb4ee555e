import { fingerprint } from '../lib/fingerprint.ts'
import type { Config, FeedConfig, SourceConfig } from './config.ts'
import { inputsOf } from './feed-section.ts'

/** What leads to its table: not how it is described and shown, who may read it or is told of it, and for whom it is asked. */
function tableOf(config: SourceConfig | FeedConfig): unknown {
  const { description: _description, public: _public, demand: _demand, columns: _columns, ...table } = config
  if (!('sinks' in table)) return table
  const { sinks: _sinks, metrics: _metrics, ...computed } = table
  return computed
}

/** What tells whether a source or feed is the same as in another config, by name; that of a feed holds those of its inputs. */
export function fingerprintsOf({ sources, feeds }: Config): ReadonlyMap<string, string> {
  const prints = new Map(sources.map(source => [source.name, fingerprint(tableOf(source))]))
  const definitions = new Map(feeds.map(feed => [feed.name, feed]))
  const visit = (name: string): string => {
    const known = prints.get(name)
    const feed = definitions.get(name)
    if (known !== undefined || feed === undefined) return known ?? ''
    // A cycle ends here; the graph refuses it.
    prints.set(name, '')
    const print = fingerprint([tableOf(feed), ...inputsOf(feed).map(visit)])
    prints.set(name, print)
    return print
  }
  for (const name of definitions.keys()) visit(name)
  return prints
}
