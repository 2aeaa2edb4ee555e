import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import { PollError } from './failure.ts'

/** Loopback, private, link-local, shared, multicast and reserved addresses: nothing of the public internet. */
const blocked = new BlockList()
const ranges: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]
for (const [address, prefix, family] of ranges) blocked.addSubnet(address, prefix, family)

/** Whether an IP address is none of the public internet; one of IPv4 written as IPv6 counts as what it is. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').split('%', 1)[0] ?? ''
  const family = isIP(bare)
  return family !== 0 && blocked.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

type Resolved = (error: Error | null, address: string | LookupAddress[], family?: number) => void

/** Resolves a name as connections do, but not to an address that is private. */
export function publicLookup(hostname: string, options: LookupOptions, resolved: Resolved): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const found = error === null ? addresses.find(({ address }) => isPrivateAddress(address)) : undefined
    const [first] = addresses ?? []
    if (error !== null || first === undefined) resolved(error ?? new Error('no address'), [])
    else if (found !== undefined) resolved(refusedAddress(hostname), [])
    else if (options.all === true) resolved(null, addresses)
    else resolved(null, first.address, first.family)
  })
}

export function refusedAddress(host: string): PollError {
  return new PollError('refused', `${host} leads to a private address, and readers fill in params: \`private: true\` allows that`)
}
