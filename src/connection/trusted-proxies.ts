import { BlockList, isIP } from 'node:net'

/** Reads the values of a header that repeats or lists, in order. */
function listed(rawHeaders: readonly string[], name: string): string[] {
  return headerValues(rawHeaders, name).flatMap(value => value.split(',').map(part => part.trim()))
}

/** Node joins or drops repeated headers: only the raw ones tell how many there were. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
}

/** An IPv4 address that a socket for both families shows as IPv6 is the IPv4 address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

/** `[2001:db8::7]:443` and `192.0.2.7:443`, as some proxies write them, without brackets and port. */
function withoutPort(address: string): string {
  return address.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}

/** The proxies whose word on whom they forward is believed: `server.trustProxy`. */
export class TrustedProxies {
  readonly #ranges = new BlockList()
  /** Whether there are any. */
  readonly areGiven: boolean

  /** `ranges`: addresses and CIDR ranges that `isAddressRange`. */
  constructor(ranges: readonly string[]) {
    this.areGiven = ranges.length > 0
    for (const range of ranges) {
      const [address = '', bits] = range.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#ranges.addAddress(address, family)
      else this.#ranges.addSubnet(address, Number(bits), family)
    }
  }

  /** Whose request it is: the last address of X-Forwarded-For that is no trusted proxy's, where a trusted one brought it. */
  clientOf(peer: string, rawHeaders: readonly string[]): string {
    let client = plain(peer)
    for (const forwarded of listed(rawHeaders, 'x-forwarded-for').toReversed()) {
      if (!this.#trusts(client)) break
      const address = plain(withoutPort(forwarded))
      // What is no address was made up by somebody further away.
      if (isIP(address) === 0) break
      client = address
    }
    return client
  }

  /** The values of Host that count: X-Forwarded-Host where a trusted proxy brought one. */
  hostsOf(peer: string, rawHeaders: readonly string[]): string[] {
    const forwarded = this.#trusts(plain(peer)) ? listed(rawHeaders, 'x-forwarded-host').at(-1) : undefined
    return forwarded === undefined ? headerValues(rawHeaders, 'host') : [forwarded]
  }

  /** `http` or `https`: how the client asked, where a trusted proxy says so by X-Forwarded-Proto. */
  schemeOf(peer: string, rawHeaders: readonly string[]): string | undefined {
    const forwarded = this.#trusts(plain(peer)) ? listed(rawHeaders, 'x-forwarded-proto').at(-1)?.toLowerCase() : undefined
    return forwarded === 'http' || forwarded === 'https' ? forwarded : undefined
  }

  #trusts(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.#ranges.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}
