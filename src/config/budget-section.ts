import { suggest } from '../lib/suggest.ts'
import { budgetOptions, budgetSchema, type BudgetOptions } from '../source/budget.options.ts'
import type { SourceConfig } from './config.ts'
import { pathKey, valueAt, type Path } from './finding.ts'
import type { Judge } from './judge.ts'
import { checkName, section } from './name.ts'

/** The budgets that are sound; the others have been reported. */
export function budgetConfigs(judge: Judge): ReadonlyMap<string, BudgetOptions> {
  const budgets = new Map<string, BudgetOptions>()
  for (const [name, written] of Object.entries(section(judge, 'budgets') ?? {})) {
    checkName(judge, name, ['budgets', name])
    const budget = judge.check(budgetSchema, written ?? {}, ['budgets', name])
    if (budget !== undefined) budgets.set(name, budgetOptions(budget))
  }
  return budgets
}

/** Reports each `budget` that names none, once, where it is written. */
export function checkBudgets(judge: Judge, sources: readonly SourceConfig[]): void {
  const known = Object.keys(section(judge, 'budgets') ?? {})
  const told = new Set<string>()
  for (const { name, budget } of sources) {
    if (budget === undefined || known.includes(budget)) continue
    const own: Path = ['sources', name, 'budget']
    const path: Path = valueAt(judge.tree.value, own) === undefined ? ['defaults', 'budget'] : own
    if (told.has(pathKey(path))) continue
    told.add(pathKey(path))
    const best = suggest(budget, known)
    const hint = best === undefined ? 'say what it may: `budgets: {<name>: {rate: 60/1m}}`' : `did you mean \`${best}\`?`
    judge.report({ path, at: 'value', expected: 'the name of one of `budgets`', hint })
  }
}
