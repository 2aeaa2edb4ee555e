import { Optional } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { rowOf, type Cell } from '../model/row.ts'

function membersOf(value: object): Cell {
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value)
  const cells = entries.map(([name, member]) => [String(name), toCell(member)] as const)
  const unchanged = !(value instanceof Map) && cells.every(([, cell], i) => cell === entries[i]?.[1])
  return unchanged ? (value as Cell) : rowOf(cells)
}

function itemsOf(value: Iterable<unknown>): Cell {
  const items = [...value]
  const cells = items.map(toCell)
  return Array.isArray(value) && cells.every((cell, i) => cell === items[i]) ? (value as Cell) : cells
}

function objectCell(value: object): Cell {
  if (Array.isArray(value) || value instanceof Set) return itemsOf(value as Iterable<unknown>)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Duration) return value.toString()
  if (value instanceof UnsignedInt) return Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Optional) return toCell(value.orValue(null))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null || value instanceof Map) return membersOf(value)
  return 'name' in value && typeof value.name === 'string' ? value.name : null
}

/**
 * A CEL value as a cell: integers become numbers, what is not finite null, a timestamp ISO 8601, a duration text such as `90s`,
 * bytes base64, a type its name. A nested cell that holds none of these keeps its identity.
 */
export function toCell(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'object' && value !== null ? objectCell(value) : null
}
