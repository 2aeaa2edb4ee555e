import { z } from 'zod'
import { isAddressRange } from '../lib/address-range.ts'
import { count, text, time } from '../lib/option.ts'

const hostName = z
  .string({ error: 'expected a host name such as live.example' })
  .regex(/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/, {
    error: 'expected a host name without scheme, port and path, such as live.example',
  })
  .transform(name => name.toLowerCase())

function isOrigin(written: string): boolean {
  return URL.canParse(written) && /^https?:$/.test(new URL(written).protocol) && new URL(written).origin === written.toLowerCase()
}

const origin = z
  .string({ error: 'expected an origin such as https://live.example' })
  .refine(isOrigin, { error: 'expected an origin: scheme, host and, unless it is the default, port, such as https://live.example' })
  .transform(written => written.toLowerCase())

const addressRange = z
  .string({ error: 'expected an address or range such as 10.0.0.0/8' })
  .refine(isAddressRange, { error: 'expected an address or range such as 10.0.0.0/8' })

/** The keys of `server`. */
export const serverSchema = z.strictObject({
  host: text('an address or a name such as 127.0.0.1')
    .prefault('127.0.0.1')
    .meta({ description: 'Where it listens. Beyond this machine only with tokens, or `auth: none` said aloud.' }),
  port: count({ least: 0, most: 65_535 }).prefault(8080).meta({ description: '0 is any free port, which is printed.' }),
  path: z
    .string({ error: 'expected a path such as /ws' })
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/, { error: 'expected a path such as /ws, without a slash at its end' })
    .prefault('/ws')
    .meta({ description: 'The path of the WebSocket.' }),
  hosts: z.array(hostName, { error: 'expected a list of host names' }).prefault([]).meta({
    description: 'Further names that a request may have as its Host, such as the name of a proxy; localhost and addresses always may.',
  }),
  origins: z
    .array(origin, { error: 'expected a list of origins' })
    .prefault([])
    .meta({ description: 'Pages of other origins that may connect, such as https://live.example; the same host always may.' }),
  trustProxy: z
    .array(addressRange, { error: 'expected a list of addresses and ranges' })
    .prefault([])
    .meta({ description: 'Proxies whose X-Forwarded-For, -Host and -Proto are believed: addresses and ranges such as 10.0.0.0/8.' }),
  heartbeat: time({ least: 1000, most: 3_600_000 }).prefault('25s').meta({ description: 'How often each connection is pinged.' }),
  drain: time({ most: 600_000 }).prefault('10s').meta({ description: 'Longest way from SIGTERM to the exit.' }),
})

/** `server` in code units. */
export interface ServerOptions {
  /** An address or name, without brackets. */
  readonly host: string
  readonly port: number
  readonly path: string
  /** Lower-case. */
  readonly hosts: readonly string[]
  /** Lower-case, as a browser sends them. */
  readonly origins: readonly string[]
  /** Addresses and CIDR ranges. */
  readonly trustProxy: readonly string[]
  readonly heartbeatMs: number
  readonly drainMs: number
}

export function serverOptions(written: z.output<typeof serverSchema>): ServerOptions {
  const { heartbeat, drain, host, ...rest } = written
  return { ...rest, host: host.replace(/^\[(.*)\]$/, '$1'), heartbeatMs: heartbeat, drainMs: drain }
}
