import type { IncomingMessage } from 'node:http'
import { accountOf, type Asker, type Principal } from '../hub/principal.ts'

/** So many accounts are known at a time; who was not heard of for longest begins anew. */
const mostAccounts = 1000

/** Who asks over HTTP, where every request comes by itself: one object for each account, against which is counted what it takes. */
export class Askers {
  readonly #addressOf: (request: IncomingMessage) => string
  readonly #known = new Map<string, Asker>()

  /** `addressOf` tells whose a request is. */
  constructor(addressOf: (request: IncomingMessage) => string) {
    this.#addressOf = addressOf
  }

  of(principal: Principal, request: IncomingMessage): Asker {
    const account = accountOf(principal, this.#addressOf(request))
    const { grants } = principal
    const known = this.#known.get(account)
    const asker = known?.grants === grants ? known : { grants, account }
    this.#known.delete(account)
    this.#known.set(account, asker)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostAccounts) break
      this.#known.delete(oldest)
    }
    return asker
  }
}
