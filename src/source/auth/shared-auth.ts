import type { Auth, Authorizer } from './authorizer.ts'

/** One auth for all who ask by the same config, such as the sets of params of a source and the members of an `each`. */
export class SharedAuth {
  readonly #make: () => Auth
  #shared: Auth | undefined
  #users = 0

  /** `make` is called for the first of them, and again once all were closed. */
  constructor(make: () => Auth) {
    this.#make = make
  }

  /** For one of them; that of the last which is closed drops connections. */
  open(): Authorizer {
    const shared = (this.#shared ??= this.#make())
    const asker = shared.open()
    let isOpen = true
    this.#users++
    return {
      get scene() {
        return asker.scene
      },
      begin: () => asker.begin(),
      credentials: (outgoing, signal) => asker.credentials(outgoing, signal),
      refused: (used, headers) => asker.refused(used, headers),
      objection: headers => asker.objection?.(headers),
      accepted: used => asker.accepted(used),
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
