/** Promises of work that other threads do: they take time of this machine, whatever the clock of the server is. */
let underWay = 0

/** The same promise; until it is settled, a clock that runs as fast as it can has to stand still. */
export async function outside<T>(work: Promise<T>): Promise<T> {
  underWay++
  try {
    return await work
  } finally {
    underWay--
  }
}

/** Whether other threads are at work for this one. */
export function isOutsideAtWork(): boolean {
  return underWay > 0
}
