/** A part of plain JSON that is made when its turn comes. */
export class Late {
  readonly make: () => unknown

  constructor(make: () => unknown) {
    this.make = make
  }

  toJSON(): unknown {
    return this.make()
  }
}

/** A list in plain JSON, some items of which are made at a time. */
export class LateList {
  readonly #made: (readonly unknown[])[] = []
  readonly #rest: Iterator<readonly unknown[]>
  #isWhole = false

  constructor(parts: Iterable<readonly unknown[]>) {
    this.#rest = parts[Symbol.iterator]()
  }

  /** All of it, part by part: what is not there yet is made as it is asked for. */
  *parts(): Generator<readonly unknown[]> {
    for (let at = 0; at < this.#made.length || this.#makeOne(); at++) yield this.#made[at] ?? []
  }

  /** Makes the rest of it now, before what it is made of becomes another. */
  finish(): void {
    while (this.#makeOne());
  }

  toJSON(): readonly unknown[] {
    return [...this.parts()].flat()
  }

  #makeOne(): boolean {
    if (this.#isWhole) return false
    const { done, value } = this.#rest.next()
    if (done === true) this.#isWhole = true
    else this.#made.push(value)
    return !this.#isWhole
  }
}

/** Plain JSON that stays what it is, so that its text is made only once. */
export class Lasting {
  #value: unknown
  #texts: readonly string[] | undefined

  constructor(value: unknown) {
    this.#value = value
  }

  /** Its text, piece by piece, as `make` makes it the first time. The text is kept then in place of the value. */
  *texts(make: (value: unknown) => Iterable<string>): Generator<string> {
    if (this.#texts !== undefined) return yield* this.#texts
    const texts: string[] = []
    for (const text of make(this.#value)) {
      texts.push(text)
      yield text
    }
    this.#texts = texts
    this.#value = undefined
  }

  toJSON(): unknown {
    return this.#texts === undefined ? this.#value : JSON.parse(this.#texts.join(''))
  }
}

/** Items made of others, so many at a time. */
export function* madeOf<From, To>(all: Iterable<From>, make: (item: From) => To): Generator<readonly To[]> {
  let part: To[] = []
  for (const item of all) {
    part.push(make(item))
    if (part.length < itemsAtOnce) continue
    yield part
    part = []
  }
  yield part
}

/** Items of a list that are made, or become text, at once. */
export const itemsAtOnce = 500
