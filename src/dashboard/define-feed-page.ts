import 'uplot/dist/uPlot.min.css'
import { FeedChart } from '../elements/feed-chart.ts'
import { FeedTable } from '../elements/feed-table.ts'
import { RowMap } from '../elements/row-map.ts'
import { FeedFrames } from './feed-frames.ts'
import { FeedPage } from './feed-page.ts'
import { FeedRows } from './feed-rows.ts'
import { FeedSchema } from './feed-schema.ts'
import { FeedSnippets } from './feed-snippets.ts'
import { FeedSteps } from './feed-steps.ts'
import { RowSheet } from './row-sheet.ts'

customElements.define('feed-chart', FeedChart)
customElements.define('feed-table', FeedTable)
customElements.define('row-map', RowMap)
customElements.define('feed-rows', FeedRows)
customElements.define('row-sheet', RowSheet)
customElements.define('feed-steps', FeedSteps)
customElements.define('feed-frames', FeedFrames)
customElements.define('feed-snippets', FeedSnippets)
customElements.define('feed-schema', FeedSchema)
customElements.define('feed-page', FeedPage)
