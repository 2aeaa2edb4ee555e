import type { Cell, Row } from '../../src/model/row.ts'

/**
 * The table sum of protocol.md section 5 a second time, in unsigned BigInt arithmetic and with a DataView:
 * slow, and sharing nothing with the one that serves.
 */
const mask = 0xffff_ffffn
const times = (x: bigint, y: bigint): bigint => (x * y) & mask

class Row64 {
  a = 0xdead_beefn
  b = 0x41c6_ce57n

  absorb(code: number | bigint): this {
    const c = BigInt(code) & mask
    this.a = times(this.a ^ c, 2654435761n)
    this.a ^= this.a >> 15n
    this.b = times(this.b ^ c, 1597334677n)
    this.b ^= this.b >> 13n
    return this
  }

  text(tag: number, text: string): this {
    this.absorb(tag)
    for (const unit of text.split('')) this.absorb(unit.charCodeAt(0))
    return this.absorb(text.length)
  }

  cell(cell: Cell): this {
    if (cell === null) return this.absorb(0)
    if (cell === false) return this.absorb(1)
    if (cell === true) return this.absorb(2)
    if (typeof cell === 'number') {
      const view = new DataView(new ArrayBuffer(8))
      view.setFloat64(0, Object.is(cell, -0) ? 0 : cell)
      return this.absorb(3).absorb(view.getUint32(4)).absorb(view.getUint32(0))
    }
    return typeof cell === 'string' ? this.text(4, cell) : this.text(5, textOf(cell))
  }

  end(): readonly [bigint, bigint] {
    const { a, b } = this
    const first = times(a ^ (a >> 16n), 2246822507n) ^ times(b ^ (b >> 13n), 3266489909n)
    return [first, times(b ^ (b >> 16n), 2246822507n) ^ times(first ^ (first >> 13n), 3266489909n)]
  }
}

/** The text of RFC 8785: members sorted by UTF-16 units. Not by way of an object: JavaScript puts number-like names first. */
function textOf(cell: Cell): string {
  if (cell === null || typeof cell !== 'object') return JSON.stringify(cell)
  if (Array.isArray(cell)) return `[${(cell as Cell[]).map(textOf).join()}]`
  const members = Object.entries(cell).toSorted(([x], [y]) => (x < y ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`).join()}}`
}

/** 16 hexadecimal digits for a table. */
export function sumByTheBook(keyColumn: string, columns: readonly string[], rows: Iterable<readonly [string, Row]>): string {
  const header = new Row64().absorb(6).text(4, keyColumn)
  for (const column of columns) header.text(4, column)
  let [a, b] = header.end()
  for (const [key, row] of rows) {
    const sum = new Row64().text(4, key)
    for (const column of columns) sum.cell(Object.hasOwn(row, column) ? (row[column] ?? null) : null)
    const [x, y] = sum.end()
    a = (a + x) & mask
    b = (b + y) & mask
  }
  return a.toString(16).padStart(8, '0') + b.toString(16).padStart(8, '0')
}
