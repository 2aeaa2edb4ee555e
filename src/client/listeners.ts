import type { Unsubscribe } from './face.ts'

/**
 * Calls what a page or program gave. Its fault is reported as uncaught, as of any event listener, and nothing else notices:
 * neither the other listeners nor the state of the client.
 */
export function callGuarded(run: () => void): void {
  try {
    run()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Who wants to hear of one thing. The same function may listen twice. */
export class Listeners<T> {
  readonly #held = new Set<{ readonly listener: (value: T) => void }>()

  add(listener: (value: T) => void): Unsubscribe {
    const entry = { listener }
    this.#held.add(entry)
    return () => void this.#held.delete(entry)
  }

  tell(value: T): void {
    for (const { listener } of this.#held) callGuarded(() => listener(value))
  }
}
