import { LiveElement, type LiveContext } from '../elements/live-element.ts'
import type { Board } from './board.ts'

/** What every part of the page shares; made once in main.ts. */
export interface PageContext extends LiveContext {
  readonly board: Board
}

/** A part of the page. */
export abstract class PageElement extends LiveElement {
  declare context: PageContext
}
