import '../elements/live.css'
import { connect } from '../client/client.ts'
import { systemClock } from '../lib/clock.ts'
import { Board } from './board.ts'
import { Boards } from './boards.ts'
import { askedTheme } from './embedding.ts'
import { FeedCard } from './feed-card.ts'
import { FeedOverview } from './feed-overview.ts'
import { FeedHints } from '../elements/feed-hints.ts'
import { createFormat } from '../elements/format.ts'
import { FreshnessLine } from '../elements/freshness-line.ts'
import { LivePage } from './live-page.ts'
import type { PageContext } from './page-element.ts'
import { Pulse } from '../elements/pulse.ts'
import { SignIn } from './sign-in.ts'
import { applyTheme, storedTheme } from './theme.ts'
import { storedToken } from './token-store.ts'
import { Trails } from '../elements/trail.ts'

applyTheme(askedTheme() ?? storedTheme())

const clock = systemClock()
// Relative to the page, whatever path it is served under.
const millrace = connect('./', { clock, token: storedToken })
const context: PageContext = {
  millrace,
  clock,
  board: new Board(millrace, clock),
  boards: new Boards(millrace, clock, storedToken),
  hints: new FeedHints(millrace),
  pulse: new Pulse(clock, 500, () => document.hidden),
  format: createFormat(navigator.languages),
  trails: new Trails({ windowMs: 310_000, stepMs: 250 }, 64),
}
document.addEventListener('visibilitychange', () => context.pulse.wake())
context.board.start()

customElements.define('freshness-line', FreshnessLine)
customElements.define('feed-card', FeedCard)
customElements.define('feed-overview', FeedOverview)
customElements.define('sign-in', SignIn)
customElements.define('live-page', LivePage)

const page = new LivePage()
page.context = context
document.body.prepend(page)
