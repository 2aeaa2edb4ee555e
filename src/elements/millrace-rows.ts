import { FeedChart } from './feed-chart.ts'
import { FeedTable } from './feed-table.ts'

/** The live table under a name of Millrace's own, within the elements of other pages. */
export class MillraceRows extends FeedTable {}

/** The chart likewise. */
export class MillracePlot extends FeedChart {}
