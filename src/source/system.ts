import type { Clock } from '../lib/clock.ts'
import type { Table } from '../model/table.ts'
import type { Ask, Poll } from './ask.ts'
import { cpuReader } from './system-cpu.ts'
import { disksReader } from './system-disks.ts'
import { loadReader } from './system-load.ts'
import { memoryReader } from './system-memory.ts'
import { networkReader } from './system-network.ts'
import type { SystemOptions, SystemPart } from './system.options.ts'
import { thisMachine, type Machine, type SystemReader } from './system-part.ts'
import { selfReader } from './system-self.ts'
import { unifyRows } from './unify.ts'

export interface SystemDeps {
  readonly clock: Clock
  /** Where files of /proc are read; default this machine. */
  readonly readText?: Machine['readText']
}

const readers: Readonly<Record<SystemPart, (machine: Machine) => SystemReader>> = {
  cpu: cpuReader,
  memory: memoryReader,
  load: loadReader,
  network: networkReader,
  disks: disksReader,
  self: selfReader,
}

/** A source that asks this machine: /proc where it exists, `node:os` elsewhere. */
export function systemAsk({ part }: SystemOptions, deps: SystemDeps): Ask {
  const { clock } = deps
  const machine = thisMachine(clock)
  const reader = readers[part]({ ...machine, readText: deps.readText ?? machine.readText })
  let table: Table | undefined
  return {
    resume: before => void (table = before),
    async poll(): Promise<Poll> {
      const began = clock.monotonic()
      const facts = () => ({ at: clock.now(), durationMs: clock.monotonic() - began, bytes: 0 })
      try {
        const before = table
        const unified = unifyRows(before, reader.key, await reader.read())
        table = unified.table
        return { kind: table === before ? 'unchanged' : 'changed', ...unified, ...facts() }
      } catch (error) {
        const what = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.name : typeof error)
        return { kind: 'failed', cause: 'internal', reason: `system: ${part} cannot be read on this machine (${what})`, ...facts() }
      }
    },
    close: () => Promise.resolve(reader.close()),
  }
}
