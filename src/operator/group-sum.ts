import type { Cell, Row } from '../model/row.ts'
import { startAggregate, type Accumulator } from './accumulator.ts'
import { isOrdered, type Aggregate } from './aggregate.ts'
import { GroupName } from './group-key.ts'

/** A row with what its group takes of it, so that an expression runs once for each change of its row. */
export interface Member {
  row: Row
  /** The cells of `by`. */
  readonly name: readonly Cell[]
  /** The value for each aggregate. */
  cells: readonly Cell[]
}

/** The members of a group in the order of the table. */
export type InOrder = (members: ReadonlyMap<string, Member>) => Iterable<Member>

interface Update {
  readonly before: readonly Cell[] | undefined
  readonly after: readonly Cell[] | undefined
}

/**
 * The aggregates of one group. A few updates are added and taken back; as many as there are members, one after the other or at once,
 * and they are computed anew: that costs no more than what came before, and rounding never adds up.
 */
export class GroupSum {
  readonly members = new Map<string, Member>()
  readonly #aggregates: readonly Aggregate[]
  #accumulators: Accumulator[] = []
  #updates: Update[] = []
  /** Updates since all was computed anew; at first it never was. */
  #age = Infinity
  #name = new GroupName()
  #isNameKnown = false

  constructor(aggregates: readonly Aggregate[]) {
    this.#aggregates = aggregates
  }

  get name(): GroupName {
    if (!this.#isNameKnown) {
      this.#name = new GroupName()
      for (const { name } of this.members.values()) this.#name.add(name)
      this.#isNameKnown = true
    }
    return this.#name
  }

  enter(key: string, member: Member): void {
    this.members.set(key, member)
    this.#rename(member.name)
    this.#note(undefined, member.cells)
  }

  leave(key: string, member: Member): void {
    this.members.delete(key)
    if (this.#name.mixed) this.#isNameKnown = false
    this.#note(member.cells, undefined)
  }

  /** A member that stays, and is named by the same cells, has another row. */
  update(member: Member, row: Row, cells: readonly Cell[]): void {
    this.#note(member.cells, cells)
    member.row = row
    member.cells = cells
  }

  /** All that depends on the order has to be computed anew. */
  reorder(): void {
    this.#age = Infinity
  }

  /** The results of the aggregates as the members are now. */
  results(inOrder: InOrder): readonly Cell[] {
    const updates = this.#updates
    this.#updates = []
    if (this.#age > this.members.size) {
      this.#accumulators = this.#aggregates.map((_, i) => this.#anew(i, inOrder))
      this.#age = 0
    } else for (let i = 0; i < this.#aggregates.length; i++) if (!this.#apply(i, updates)) this.#accumulators[i] = this.#anew(i, inOrder)
    return this.#accumulators.map(accumulator => accumulator.result())
  }

  /** Nothing is noted once all is to be computed anew. */
  #note(before: readonly Cell[] | undefined, after: readonly Cell[] | undefined): void {
    this.#age++
    if (this.#updates.length * 2 > this.members.size) this.#age = Infinity
    if (this.#age <= this.members.size) this.#updates.push({ before, after })
    else if (this.#updates.length > 0) this.#updates = []
  }

  /** False where the aggregate cannot be told from what it was and the updates. */
  #apply(i: number, updates: readonly Update[]): boolean {
    const [aggregate, accumulator] = [this.#aggregates[i], this.#accumulators[i]]
    if (aggregate === undefined || accumulator === undefined || (isOrdered(aggregate) && updates.length > 0)) return false
    for (const { before, after } of updates) {
      if (before !== undefined && after !== undefined && before[i] === after[i]) continue
      if (before !== undefined && !accumulator.remove(before[i] ?? null)) return false
      if (after !== undefined) accumulator.add(after[i] ?? null)
    }
    return true
  }

  #anew(i: number, inOrder: InOrder): Accumulator {
    const aggregate = this.#aggregates[i] ?? { name: 'count' }
    const accumulator = startAggregate(aggregate.name, aggregate.q)
    for (const { cells } of isOrdered(aggregate) ? inOrder(this.members) : this.members.values()) accumulator.add(cells[i] ?? null)
    return accumulator
  }

  #rename(cells: readonly Cell[]): void {
    if (cells.length === 1 && this.#isNameKnown && cells[0] !== this.#name.cells[0]) this.#isNameKnown = false
  }
}
