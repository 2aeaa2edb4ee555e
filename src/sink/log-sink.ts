import type { Logger } from '../lib/log.ts'
import type { Outlet } from './courier.ts'
import type { Message } from './message.ts'

/** News as lines of the server's log: `warn` for what fires or is down, else `info`. */
export function logOutlet(log: Logger): Outlet {
  return {
    kind: 'log',
    target: '',
    groupWaitMs: 0,
    deliver({ feed, status, title, text }: Message): Promise<void> {
      const level = status === 'firing' || status === 'down' ? 'warn' : 'info'
      for (const line of [title, ...text.split('\n').map(row => `${feed}: ${row}`)]) log[level]({ feed, status }, line)
      return Promise.resolve()
    },
    close: () => undefined,
  }
}
