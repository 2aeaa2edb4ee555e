import type { z } from 'zod'
import { suggest } from '../lib/suggest.ts'
import type { Board } from '../model/board.ts'
import { outerBoardSchema, tileSchema } from './board.options.ts'
import { isRecord, valueAt, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkName, section } from './name.ts'
import { checkRead, readsOfTile } from './reads.ts'
import type { ColumnsOf } from './step-columns.ts'

type WrittenTile = z.output<typeof tileSchema>

/**
 * The boards that are sound; the others have been reported. What a tile shows may be wrong elsewhere, which is said there: its name is
 * one all the same.
 */
export function boardConfigs(judge: Judge, columnsOf: ColumnsOf): readonly Board[] {
  const source = namesIn(judge, 'sources')
  const known = { source, feed: [...source, ...namesIn(judge, 'feeds')] }
  return Object.entries(section(judge, 'boards') ?? {}).flatMap(([name, written]) => {
    const path = ['boards', name]
    checkName(judge, name, path)
    const board = judge.check(outerBoardSchema, written, path)
    if (board === undefined) return []
    const tiles = board.tiles.flatMap((one, index) => {
      const at = [...path, 'tiles', index]
      const tile = judge.check(tileSchema, one, at)
      if (tile === undefined) return []
      checkFeed(judge, tile, known[tile.show === 'heartbeat' ? 'source' : 'feed'], [...at, 'feed'])
      for (const read of readsOfTile(tile, at)) checkRead(judge, read, columnsOf(tile.feed).names)
      return [tileOf(tile)]
    })
    return [{ name, title: board.title ?? name, tiles }]
  })
}

function namesIn(judge: Judge, part: 'sources' | 'feeds'): readonly string[] {
  const written = valueAt(judge.tree.value, [part])
  return isRecord(written) ? Object.keys(written) : []
}

function tileOf({ order, ...tile }: WrittenTile): Board['tiles'][number] {
  return { ...tile, ...(order === undefined ? {} : { order: [order].flat() }) }
}

function checkFeed(judge: Judge, { show, feed }: WrittenTile, known: readonly string[], path: Path): void {
  if (known.includes(feed)) return
  const best = suggest(feed, known)
  const hint = best === undefined ? {} : { hint: `did you mean \`${best}\`?` }
  const expected = show === 'heartbeat' ? 'the name of a source, whose polls are shown' : 'the name of a source or feed'
  judge.report({ path, at: 'value', expected, ...hint })
}
