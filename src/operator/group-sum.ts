import { cellOf, type Cell, type Row } from '../model/row.ts'
import { isOrdered, type Aggregate } from './aggregate.ts'
import { GroupName } from './group-key.ts'
import { startRemovable, type Removable } from './removable.ts'

/** A row with what its group takes of it, so that an expression runs once for each change of its row. */
export interface Member {
  row: Row
  readonly group: GroupSum
  /** The cells of `by`. */
  readonly name: readonly Cell[]
  /** The value for each aggregate. */
  cells: readonly Cell[]
}

/** The members of a group in the order of the table. */
export type InOrder = (members: ReadonlyMap<string, Member>) => Iterable<Member>

/** Whether a row's cells of these columns are these. */
export function isNamed(row: Row, by: readonly string[], name: readonly Cell[]): boolean {
  for (let i = 0; i < by.length; i++) if (cellOf(row, by[i] ?? '') !== name[i]) return false
  return true
}

/**
 * The aggregates of one group. A few updates are added and taken back; as many as there are members, one after the other or at once,
 * and they are computed anew: that costs no more than what came before, and rounding never adds up.
 */
export class GroupSum {
  readonly key: string
  readonly members = new Map<string, Member>()
  /** Its results are to be told. */
  isTouched = false
  readonly #aggregates: readonly Aggregate[]
  /** Undefined: to be computed anew. */
  readonly #sums: (Removable | undefined)[]
  /** Updates since the results were told. */
  #updates = 0
  /** Updates since all was computed anew; at first it never was. */
  #age = Infinity
  #name = new GroupName()
  #isNameKnown = false

  constructor(key: string, aggregates: readonly Aggregate[]) {
    this.key = key
    this.#aggregates = aggregates
    this.#sums = aggregates.map(() => undefined)
  }

  get name(): GroupName {
    if (!this.#isNameKnown) {
      this.#name = new GroupName()
      for (const { name } of this.members.values()) this.#name.add(name)
      this.#isNameKnown = true
    }
    return this.#name
  }

  /** A row becomes a member, by a key that none has. */
  enter(key: string, row: Row, name: readonly Cell[], cells: readonly Cell[]): Member {
    const { cells: usual } = this.#name
    const isUsual = name.length === usual.length && name.every((cell, i) => cell === usual[i])
    if (name.length === 1 && this.#isNameKnown && !isUsual) this.#isNameKnown = false
    // Most members of a group are named by the same cells: one list of them is enough.
    const member = { row, group: this, name: isUsual ? usual : name, cells }
    this.members.set(key, member)
    this.#update(undefined, cells)
    return member
  }

  leave(key: string, member: Member): void {
    this.members.delete(key)
    if (this.#name.mixed) this.#isNameKnown = false
    this.#update(member.cells, undefined)
  }

  /** A member that stays, and is named by the same cells, has another row. */
  update(member: Member, row: Row, cells: readonly Cell[]): void {
    this.#update(member.cells, cells)
    member.row = row
    member.cells = cells
  }

  /** All that depends on the order has to be computed anew. */
  reorder(): void {
    this.#age = Infinity
  }

  /** The results of the aggregates as the members are now. */
  results(inOrder: InOrder): readonly Cell[] {
    const isAnew = this.#age > this.members.size
    if (isAnew) this.#age = 0
    this.#updates = 0
    return this.#aggregates.map((aggregate, i) => {
      const held = this.#sums[i]
      if (!isAnew && held !== undefined && held.isWorn !== true) return held.result()
      const sum = (this.#sums[i] = this.#anew(aggregate, i, inOrder))
      return sum.result()
    })
  }

  /** Nothing is added or taken back any more once all is to be computed anew. */
  #update(before: readonly Cell[] | undefined, after: readonly Cell[] | undefined): void {
    this.#age++
    this.#updates++
    if (this.#updates * 2 > this.members.size) this.#age = Infinity
    if (this.#age > this.members.size) return
    for (let i = 0; i < this.#sums.length; i++) {
      const sum = this.#sums[i]
      if (sum !== undefined && !this.#canFollow(sum, i, before, after)) this.#sums[i] = undefined
    }
  }

  /** False where the aggregate cannot be told from what it was and the update. */
  #canFollow(sum: Removable, i: number, before: readonly Cell[] | undefined, after: readonly Cell[] | undefined): boolean {
    const aggregate = this.#aggregates[i]
    if (aggregate === undefined || isOrdered(aggregate)) return false
    if (before !== undefined && after !== undefined && before[i] === after[i]) return true
    if (before !== undefined && !sum.remove(before[i] ?? null)) return false
    if (after !== undefined) sum.add(after[i] ?? null)
    return true
  }

  #anew(aggregate: Aggregate, i: number, inOrder: InOrder): Removable {
    const sum = startRemovable(aggregate)
    for (const { cells } of isOrdered(aggregate) ? inOrder(this.members) : this.members.values()) sum.add(cells[i] ?? null)
    return sum
  }
}
