export interface Counters {
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** Reads /proc/net/dev: interfaces that have carried anything. */
export function countersOf(text: string): Map<string, Counters> {
  const counters = new Map<string, Counters>()
  for (const line of text.split('\n')) {
    const match = /^\s*([^:\s]+):\s*(\d+)(?:\s+\d+){7}\s+(\d+)/.exec(line)
    if (match === null) continue
    const [, name = '', received, sent] = match
    const found = { receivedBytes: Number(received), sentBytes: Number(sent) }
    if (found.receivedBytes + found.sentBytes > 0) counters.set(name, found)
  }
  return counters
}
