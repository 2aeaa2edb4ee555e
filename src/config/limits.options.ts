import { z } from 'zod'
import { count, orOff, percentage, size, time } from '../lib/option.ts'

/** The keys of `limits`: what readers may ask of the server. */
export const limitsSchema = z.strictObject({
  maxConnections: count().prefault(10_000).meta({ description: 'Most WebSockets; over it 503.' }),
  maxConnectionsPerAddress: orOff(count())
    .prefault(256)
    .meta({ description: 'Most WebSockets of one address; this machine counts only behind `server.trustProxy`; over it 503.' }),
  upgradesPerSecond: orOff(count())
    .prefault(2000)
    .meta({ description: 'New WebSockets a second, as many at once; over it 503 and Retry-After.' }),
  firstPollsPerSecond: orOff(count())
    .prefault(20)
    .meta({ description: 'First polls a second of the sources of one budget that somebody begins to read; 25 times as many in all.' }),
  upgradeTimeout: time({ most: 600_000 }).prefault('5s').meta({ description: 'Longest way to a complete request for a WebSocket.' }),
  helloTimeout: time({ most: 600_000 })
    .prefault('10s')
    .meta({ description: 'Longest way from a new WebSocket to its token, where there are tokens; over it 4408.' }),
  maxTickets: count().prefault(10_000).meta({ description: 'Most tickets that wait to be used; over it 503.' }),
  maxHeader: size({ least: 1024, most: 1024 ** 2 })
    .prefault('16KiB')
    .meta({ description: 'Most bytes of all headers of a request; over it 431.' }),
  maxHeaders: count({ most: 10_000 }).prefault(100).meta({ description: 'Most headers of a request; over it 431.' }),
  maxUrl: size({ least: 64, most: 64 * 1024 })
    .prefault('2KiB')
    .meta({ description: 'Longest URL of a request; over it 414.' }),
  maxMessage: size({ least: 1024, most: 64 * 1024 ** 2 })
    .prefault('64KiB')
    .meta({ description: 'Longest message of a client; over it 1009.' }),
  maxFragments: count({ most: 1_000_000 }).prefault(1024).meta({ description: 'Most frames of one message of a client; over it 1008.' }),
  maxMessageDepth: count({ most: 1000 }).prefault(16).meta({ description: "Deepest nesting of a client's message; over it bad_message." }),
  messagesPerSecond: count()
    .prefault(20)
    .meta({ description: 'Messages of one connection a second, in the long run; over it rate_limited, then 4429.' }),
  messageBurst: count().prefault(100).meta({ description: 'Messages of one connection at once.' }),
  pingsPerSecond: count().prefault(5).meta({ description: 'Pings of one connection a second, in the long run; over it 4429.' }),
  pingBurst: count().prefault(50).meta({ description: 'Pings of one connection at once.' }),
  maxFeedsPerConnection: count().prefault(256).meta({ description: 'Most subscriptions of one connection; over it too_many.' }),
  maxViewsPerConnection: count().prefault(64).meta({ description: 'Most views (feeds with a query) of one connection; over it too_many.' }),
  maxViewsPerFeed: count().prefault(1000).meta({ description: 'Most different views of one feed; over it too_many.' }),
  maxParamSets: count().prefault(1000).meta({ description: 'Most sets of params of one source; over it too_many.' }),
  maxAddress: size({ most: 64 * 1024 })
    .prefault('2KiB')
    .meta({ description: 'Longest address of a view; over it bad_query.' }),
  maxWhere: count({ most: 65_536 }).prefault(512).meta({ description: "Most characters of a client's `where`; over it bad_query." }),
  maxExpressionNodes: count({ most: 100_000 })
    .prefault(100)
    .meta({ description: "Most parts of a client's expression; over it bad_query." }),
  maxExpressionDepth: count({ most: 200 })
    .prefault(16)
    .meta({ description: "Deepest nesting of a client's expression; over it bad_query." }),
  viewTimePerSecond: orOff(time({ most: 1000 }))
    .prefault('100ms')
    .meta({ description: 'Time a second that building the views of one connection may take; over it rate_limited.' }),
  sendWindow: size({ least: 1024, most: 1024 ** 3 })
    .prefault('64KiB')
    .meta({ description: 'Bytes sent to a reader that it has not acknowledged; over it data is held, then sent as one net delta.' }),
  ackAfter: size({ least: 1024, most: 1024 ** 3 })
    .prefault('32KiB')
    .meta({ description: 'Bytes after which a reader is asked for an acknowledgement.' }),
  historyAge: time().prefault('10m').meta({ description: 'How long rows that left are remembered for readers who resume.' }),
  maxTombstones: count()
    .prefault(1000)
    .meta({ description: 'Most rows that left and are remembered, a feed; always at least twice its rows.' }),
  checkEvery: time({ least: 1000 })
    .prefault('60s')
    .meta({ description: 'How often readers are told the checksum of a feed that changed.' }),
  saveEvery: time({ least: 100, most: 86_400_000 })
    .prefault('10s')
    .meta({ description: 'How often what changed is written to the `state` folder: what a crash may cost at most.' }),
  maxLoopDelay: orOff(time({ least: 10, most: 60_000 }))
    .prefault('100ms')
    .meta({
      description:
        'How late the event loop may run (99th percentile of 5 s); over it longer throttles, then no new views, then no new connections.',
    }),
  maxHeap: orOff(percentage())
    .prefault('80%')
    .meta({ description: 'How full the heap of the process may be; over it load is shed as over maxLoopDelay.' }),
})

/** `limits` in code units. */
export interface LimitsOptions {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number | undefined
  readonly upgradesPerSecond: number | undefined
  /** Of one budget; 25 times as many in all. */
  readonly firstPollsPerSecond: number | undefined
  readonly upgradeTimeoutMs: number
  readonly helloTimeoutMs: number
  readonly maxTickets: number
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  readonly maxUrlBytes: number
  readonly maxMessageBytes: number
  readonly maxFragments: number
  readonly maxMessageDepth: number
  readonly messagesPerSecond: number
  readonly messageBurst: number
  readonly pingsPerSecond: number
  readonly pingBurst: number
  readonly maxFeedsPerConnection: number
  readonly maxViewsPerConnection: number
  readonly maxViewsPerFeed: number
  readonly maxParamSets: number
  readonly maxAddressBytes: number
  /** UTF-16 units. */
  readonly maxWhere: number
  readonly maxExpressionNodes: number
  readonly maxExpressionDepth: number
  readonly viewTimePerSecondMs: number | undefined
  readonly sendWindowBytes: number
  readonly ackAfterBytes: number
  readonly historyAgeMs: number
  /** A floor: the store keeps the larger of it and twice the rows. */
  readonly maxTombstones: number
  readonly checkEveryMs: number
  readonly saveEveryMs: number
  readonly maxLoopDelayMs: number | undefined
  /** From 0 to 1, of what V8 lets the heap grow to. */
  readonly maxHeapPart: number | undefined
}

export function limitsOptions(written: z.output<typeof limitsSchema>): LimitsOptions {
  const {
    upgradeTimeout,
    helloTimeout,
    maxHeader,
    maxUrl,
    maxMessage,
    maxAddress,
    sendWindow,
    ackAfter,
    historyAge,
    checkEvery,
    saveEvery,
    ...others
  } = written
  const { viewTimePerSecond, maxLoopDelay, maxHeap, ...counts } = others
  return {
    ...counts,
    upgradeTimeoutMs: upgradeTimeout,
    helloTimeoutMs: helloTimeout,
    maxHeaderBytes: maxHeader,
    maxUrlBytes: maxUrl,
    maxMessageBytes: maxMessage,
    maxAddressBytes: maxAddress,
    viewTimePerSecondMs: viewTimePerSecond,
    sendWindowBytes: sendWindow,
    ackAfterBytes: ackAfter,
    historyAgeMs: historyAge,
    checkEveryMs: checkEvery,
    saveEveryMs: saveEvery,
    maxLoopDelayMs: maxLoopDelay,
    maxHeapPart: maxHeap,
  }
}
