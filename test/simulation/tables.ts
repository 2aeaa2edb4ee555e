import type { Random } from '../../src/lib/random.ts'
import type { Row } from '../../src/model/row.ts'
import type { SourceName } from './history.ts'

/** What the upstream of each source has, which changes by chance. */
export class Tables {
  readonly #tables: Readonly<Record<SourceName, Map<string, Row>>> = { stock: new Map(), trade: new Map(), place: new Map() }
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  rows(name: SourceName): Row[] {
    return [...this.#tables[name].values()]
  }

  /** Rows come, change, lose and gain cells, and go; now and then a column comes alone, or all rows go. */
  change(name: SourceName): void {
    const table = this.#tables[name]
    const some = [...table][this.#below(table.size)]
    if (some !== undefined && this.#random() < 0.1) {
      const [id, row] = some
      table.set(id, { ...row, [`late${this.#below(30)}`]: null })
      return
    }
    for (let changes = 1 + this.#below(4); changes > 0; changes--) {
      const id = `k${this.#below(9)}`
      const chance = this.#random()
      if (chance < 0.25) table.delete(id)
      else if (chance < (name === 'stock' ? 0.28 : 0.35)) table.clear()
      else table.set(id, this.#row(id))
    }
  }

  /** A last change, which every address shows. */
  end(): void {
    for (const table of Object.values(this.#tables)) table.set('last', { id: 'last', g: 'last', n: 99, note: 'the end' })
  }

  #row(id: string): Row {
    const note = this.#random() < 0.4 ? { note: `text ${this.#below(3)}` } : {}
    const late = this.#random() < 0.1 ? { [`late${this.#below(3)}`]: this.#random() < 0.5 ? null : 1 } : {}
    return { id, g: `g${this.#below(3)}`, n: this.#below(9), ...note, ...late }
  }

  #below(most: number): number {
    return Math.floor(this.#random() * most)
  }
}
