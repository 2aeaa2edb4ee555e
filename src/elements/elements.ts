import { MillraceAlerts } from './millrace-alerts.ts'
import { MillraceChart } from './millrace-chart.ts'
import { MillraceFreshness } from './millrace-freshness.ts'
import { MillracePlot, MillraceRows } from './millrace-rows.ts'
import { MillraceTable } from './millrace-table.ts'
import { MillraceValue } from './millrace-value.ts'

export { shareConnection } from './page-connections.ts'

const elements: Readonly<Record<string, CustomElementConstructor>> = {
  'millrace-rows': MillraceRows,
  'millrace-plot': MillracePlot,
  'millrace-table': MillraceTable,
  'millrace-chart': MillraceChart,
  'millrace-value': MillraceValue,
  'millrace-freshness': MillraceFreshness,
  'millrace-alerts': MillraceAlerts,
}

for (const [name, element] of Object.entries(elements)) {
  // A page that loads the module twice keeps the first.
  if (customElements.get(name) === undefined) customElements.define(name, element)
}
