import { LiveElement, type LiveContext } from '../elements/live-element.ts'
import type { Board } from './board.ts'
import type { Boards } from './boards.ts'

/** What every part of the page shares; made once in main.ts. */
export interface PageContext extends LiveContext {
  readonly board: Board
  readonly boards: Boards
}

/** A part of the page. */
export abstract class PageElement extends LiveElement {
  declare context: PageContext
}
