import type { Tone } from './freshness-view.ts'

/** Words of states as APIs write them, in small letters, by what they mean. */
const words: readonly (readonly [Tone, readonly string[]])[] = [
  [
    'fresh',
    [
      'ok',
      'up',
      'good',
      'healthy',
      'running',
      'active',
      'online',
      'available',
      'operational',
      'passing',
      'success',
      'succeeded',
      'ready',
      'connected',
      'green',
      'normal',
      'resolved',
      'complete',
      'completed',
      'enabled',
      'on',
      'open',
      'alive',
      'fresh',
      'none',
    ],
  ],
  [
    'degraded',
    [
      'warning',
      'warn',
      'degraded',
      'minor',
      'partial',
      'yellow',
      'orange',
      'unstable',
      'degraded_performance',
      'partial_outage',
      'delayed',
    ],
  ],
  [
    'waiting',
    ['pending', 'queued', 'waiting', 'starting', 'scheduled', 'in_progress', 'in progress', 'unknown', 'maintenance', 'under_maintenance'],
  ],
  ['stale', ['stale', 'expired', 'late']],
  ['paused', ['paused', 'idle', 'stopped', 'disabled', 'inactive', 'off', 'exited', 'cancelled', 'canceled', 'skipped', 'closed']],
  [
    'down',
    [
      'down',
      'error',
      'failed',
      'failure',
      'failing',
      'critical',
      'major',
      'major_outage',
      'offline',
      'unhealthy',
      'dead',
      'red',
      'firing',
      'outage',
      'fatal',
      'unavailable',
      'disconnected',
      'bad',
    ],
  ],
]

const tones: ReadonlyMap<string, Tone> = new Map(words.flatMap(([tone, all]) => all.map(word => [word, tone] as const)))

/** What a word says of a state; undefined: it is no word for one. */
export function toneOfWord(word: string): Tone | undefined {
  return tones.get(word.trim().toLowerCase())
}
