import type { Authorizer } from './authorizer.ts'

/** One authorizer for all sources that ask by the same config, such as the sets of params of one: they share a login and its token. */
export class SharedAuthorizer {
  readonly #make: () => Authorizer
  #shared: Authorizer | undefined
  #users = 0

  /** `make` is called for the first of them, and again once all were closed. */
  constructor(make: () => Authorizer) {
    this.#make = make
  }

  /** For one of them; that of the last which is closed drops connections. */
  open(): Authorizer {
    const shared = (this.#shared ??= this.#make())
    let isOpen = true
    this.#users++
    return {
      get scene() {
        return shared.scene
      },
      begin: () => shared.begin(),
      credentials: (outgoing, signal) => shared.credentials(outgoing, signal),
      refused: (used, headers) => shared.refused(used, headers),
      close: async () => {
        if (!isOpen) return
        isOpen = false
        if (--this.#users > 0) return
        this.#shared = undefined
        await shared.close()
      },
    }
  }
}
