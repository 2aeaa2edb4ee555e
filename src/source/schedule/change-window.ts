/**
 * What is known of when a change was: after the last sample without it, `from`, and not after the first one with it,
 * `to`; both ms since 1970.
 */
export interface ChangeWindow {
  readonly from: number
  readonly to: number
}
