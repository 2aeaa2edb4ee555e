/** Why the next poll is when it is, with the numbers that its sentence says. Instants ms since 1970, durations ms. */
export type Reason =
  /** Nothing is known of when: the pace that the budget allows. */
  | { readonly why: 'steady'; readonly gapMs: number }
  /** By how long ago the last change was: changes are `likelihood` times as likely then as on average. */
  | { readonly why: 'burst'; readonly gapMs: number; readonly ageMs: number; readonly likelihood: number }
  /** By the hour of day, UTC: `density` times as dense as on average. */
  | { readonly why: 'hour'; readonly gapMs: number; readonly hour: number; readonly density: number }
  /** No change for far longer than ever. */
  | { readonly why: 'idle'; readonly gapMs: number; readonly ageMs: number }
  /** At uneven gaps, to see when between two polls it changes. */
  | { readonly why: 'explore'; readonly gapMs: number }
  /** A look at what may be a schedule. */
  | { readonly why: 'verify'; readonly periodMs: number; readonly expectedAt: number }
  /** A look for the update that is expected; `check`: an early one, now and then, to see that it does not come before. */
  | {
      readonly why: 'schedule' | 'check'
      readonly periodMs: number
      readonly expectedAt: number
      readonly deviationMs: number
      readonly at: number
    }
  /** Between two updates, should something come beside the schedule. */
  | {
      readonly why: 'background'
      readonly periodMs: number
      readonly expectedAt: number
      readonly deviationMs: number
      readonly gapMs: number
    }
  /** A cache holds the answer until then. */
  | { readonly why: 'lifetime'; readonly maxAgeMs: number; readonly expiresAt: number }
  | { readonly why: 'back-off'; readonly failures: number; readonly delayMs: number }
  | { readonly why: 'retry-after'; readonly delayMs: number }
