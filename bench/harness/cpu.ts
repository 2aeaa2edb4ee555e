/** CPU time of this process, in ms, the garbage that is collected meanwhile included: other work on the machine does not count. */
export function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
