import { HeartbeatBar } from '../elements/heartbeat-bar.ts'
import { SourcePage } from './source-page.ts'

customElements.define('heartbeat-bar', HeartbeatBar)
customElements.define('source-page', SourcePage)
