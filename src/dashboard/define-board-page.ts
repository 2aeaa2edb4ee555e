import '../elements/elements.ts'
import { BoardHeartbeat, BoardMap } from './board-parts.ts'
import { BoardEditor } from './board-editor.ts'
import { BoardPage } from './board-page.ts'

customElements.define('board-map', BoardMap)
customElements.define('board-heartbeat', BoardHeartbeat)
customElements.define('board-editor', BoardEditor)
customElements.define('board-page', BoardPage)
