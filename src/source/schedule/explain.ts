import { formatDuration } from '../../lib/unit.ts'
import type { Reason } from './reason.ts'

/** One sentence for people that begins with the word of the reason, and holds its numbers. */
export function explain(reason: Reason): string {
  return `${reason.why}: ${told(reason)}`
}

function told(reason: Reason): string {
  switch (reason.why) {
    case 'steady':
      return `no rhythm known; asking every ${about(reason.gapMs)}`
    case 'burst':
      return `last change ${about(reason.ageMs)} ago, when changes are ${times(reason.likelihood)} as likely as on average; asking in ${about(reason.gapMs)}`
    case 'hour':
      return `between ${clockHour(reason.hour)} and ${clockHour(reason.hour + 1)} UTC changes are ${times(reason.density ** 2)} as likely as on average; asking in ${about(reason.gapMs)}`
    case 'idle':
      return `no change for ${about(reason.ageMs)}, longer than ever; asking in ${about(reason.gapMs)}`
    case 'explore':
      return `asking at uneven gaps, to see when in them it changes; next in ${about(reason.gapMs)}`
    case 'verify':
      return `perhaps it changes every ${seconds(reason.periodMs)}, next ${timeOfDay(reason.expectedAt)}; looking whether it does`
    case 'schedule':
    case 'check':
    case 'background':
      return `changes every ${seconds(reason.periodMs)}, next expected ${timeOfDay(reason.expectedAt)} ± ${seconds(reason.deviationMs)}; ${asking(reason)}`
    case 'lifetime':
      return `a cache keeps answers for ${about(reason.maxAgeMs)}; asking once this one expires, ${timeOfDay(reason.expiresAt)}`
    case 'back-off':
      return `${reason.failures === 1 ? '1 failure' : `${reason.failures} failures in a row`}, waiting ${about(reason.delayMs)}`
    case 'retry-after':
      return `upstream asks to wait ${formatDuration(Math.round(reason.delayMs))}`
  }
}

function asking(reason: Extract<Reason, { readonly why: 'schedule' | 'check' | 'background' }>): string {
  if (reason.why === 'background') return `asking in ${about(reason.gapMs)} all the same`
  const afterMs = reason.at - reason.expectedAt
  const where = `${seconds(Math.abs(afterMs))} ${afterMs < 0 ? 'before' : 'after'}`
  return reason.why === 'check' ? `asking ${where}, to see that it is not early` : `asking ${where}`
}

/** `60.0 s`, from 100 s on without decimals. */
function seconds(ms: number): string {
  return ms >= 100_000 ? `${Math.round(ms / 1000)} s` : `${(ms / 1000).toFixed(1)} s`
}

/** `850ms`, `12.3s`, `4m`, `7h`, `3d`: two figures are enough to know. */
function about(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 100_000) return `${Math.round(ms / 100) / 10}s`
  if (ms < 100 * 60_000) return `${Math.round(ms / 60_000)}m`
  return ms < 72 * 3_600_000 ? `${Math.round(ms / 3_600_000)}h` : `${Math.round(ms / 86_400_000)}d`
}

function times(factor: number): string {
  return `${factor.toFixed(1)} times`
}

function clockHour(hour: number): string {
  return `${String(hour % 24).padStart(2, '0')}:00`
}

/** `12:04:03.2`, UTC. */
function timeOfDay(instant: number): string {
  return new Date(Math.round(instant / 100) * 100).toISOString().slice(11, 21)
}
