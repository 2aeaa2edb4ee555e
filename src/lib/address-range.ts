import { isIP } from 'node:net'

/** Whether a text is an address or a CIDR range, such as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** The eight groups of an IPv6 address, without zeros in front. */
function groupsOf(address: string): string[] {
  const [plain = ''] = address.toLowerCase().split('%')
  // The last 32 bits may stand as an IPv4 address (RFC 4291 section 2.2).
  const hexadecimal = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = '', tail = ''] = hexadecimal.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  return [...before, ...zeros, ...after].map(group => group.replace(/^0+(?=.)/, ''))
}

/** IPv4 as IPv6 (RFC 4291 section 2.5.5.2), and what a NAT64 makes of it (RFC 6052): an address each. */
const mappedIn = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'])

/**
 * Whose an address is, as far as that can be told: the address itself, of IPv6 its first 64 bits, which one customer or
 * machine has for itself (RFC 6177, RFC 4291 section 2.5.4); written in one way.
 */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address
  const groups = groupsOf(address)
  if (!mappedIn.has(groups.slice(0, 6).join(':'))) return `${groups.slice(0, 4).join(':')}::/64`
  const bytes = groups.slice(6).flatMap(group => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
  return bytes.join('.')
}
