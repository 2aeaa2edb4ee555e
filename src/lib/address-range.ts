import { isIP } from 'node:net'

/** Whether a text is an address or a CIDR range, such as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/**
 * Whose an address is, as far as that can be told: the address itself, of IPv6 its first 64 bits, which one customer or
 * machine has for itself (RFC 6177, RFC 4291 section 2.5.4); written in one way.
 */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address
  const [plain = ''] = address.toLowerCase().split('%')
  if (plain.includes('.')) return plain
  const [head = '', tail] = plain.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const first = [...before, ...zeros, ...after].slice(0, 4).map(group => group.replace(/^0+(?=.)/, ''))
  return `${first.join(':')}::/64`
}
