/** A sum whose error does not grow with the number of terms. Source: Neumaier 1974, "improved Kahan-Babuška". */
export class NeumaierSum {
  #sum = 0
  #lost = 0

  add(term: number): void {
    const sum = this.#sum + term
    this.#lost += Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - sum + term : term - sum + this.#sum
    this.#sum = sum
  }

  clear(): void {
    this.#sum = this.#lost = 0
  }

  merge(other: NeumaierSum): void {
    this.add(other.#sum)
    this.#lost += other.#lost
  }

  /** Its two parts, of which it can be made again. */
  get parts(): readonly [sum: number, lost: number] {
    return [this.#sum, this.#lost]
  }
  set parts([sum, lost]: readonly [sum: number, lost: number]) {
    this.#sum = sum
    this.#lost = lost
  }

  get value(): number {
    const sum = this.#sum + this.#lost
    return Number.isNaN(sum) ? this.#sum : sum
  }
}
