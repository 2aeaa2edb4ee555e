import type { Clock } from '../lib/clock.ts'
import type { BudgetOptions } from './budget.options.ts'
import { Budget } from './budget.ts'
import { FirstPolls } from './first-polls.ts'

interface BudgetsDeps {
  readonly clock: Clock
  /** Told of every limit that is met, by its key. */
  readonly limited: (limit: string) => void
}

/** How many times the first polls of one budget there may be in all. */
const budgetsAtOnce = 25

/** A source belongs to the budget that it names, else to that of its URL's origin. */
export class Budgets {
  readonly #budgets = new Map<string, Budget>()
  readonly #firstPollsPerSecond: number | undefined
  readonly #deps: BudgetsDeps
  readonly #all: readonly FirstPolls[]

  constructor(firstPollsPerSecond: number | undefined, deps: BudgetsDeps) {
    this.#firstPollsPerSecond = firstPollsPerSecond
    this.#deps = deps
    this.#all = this.#firstPolls(budgetsAtOnce)
  }

  /** That of an origin. */
  of(origin: string): Budget {
    return this.#get(JSON.stringify({ origin }), origin)
  }

  /** That of an origin, where some source belongs to it. */
  known(origin: string): Budget | undefined {
    return this.#budgets.get(JSON.stringify({ origin }))
  }

  /** The one of this name. */
  named(name: string): Budget {
    return this.#get(JSON.stringify({ name }), name)
  }

  /** The rules of a config that is taken over: a compiled one may yet be refused, and has changed nothing then. */
  rule(rules: ReadonlyMap<string, BudgetOptions>): void {
    for (const [name, options] of rules) this.named(name).rule(options)
  }

  #get(key: string, name: string): Budget {
    let budget = this.#budgets.get(key)
    if (budget === undefined) {
      budget = new Budget(this.#deps.clock, { name, firstPolls: [...this.#firstPolls(1), ...this.#all] })
      this.#budgets.set(key, budget)
    }
    return budget
  }

  #firstPolls(times: number): readonly FirstPolls[] {
    if (this.#firstPollsPerSecond === undefined) return []
    const { clock, limited } = this.#deps
    return [new FirstPolls(times * this.#firstPollsPerSecond, clock, () => limited('firstPollsPerSecond'))]
  }
}
