import type { IncomingMessage, ServerResponse } from 'node:http'

/** How the demo's market answers: as it should, never, with no rows, or by breaking the connection. */
export const modes = ['run', 'hang', 'empty', 'die'] as const
export type Mode = (typeof modes)[number]

/** What makes the market of the demo fail, as an upstream does some day. */
export class Switch {
  #mode: Mode = 'run'
  /** Answers that are kept back. */
  readonly #hanging = new Set<ServerResponse>()

  get mode(): Mode {
    return this.#mode
  }

  set(mode: Mode): void {
    this.#mode = mode
    // What hung is cut, as it is when an upstream is started anew.
    for (const response of this.#hanging) response.destroy()
    this.#hanging.clear()
  }

  /** Answers in place of the upstream. @returns whether it did */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#mode === 'run') return false
    if (this.#mode === 'die') request.socket.destroy()
    else if (this.#mode === 'empty') response.writeHead(200, { 'Content-Type': 'application/json' }).end('[]')
    else {
      this.#hanging.add(response)
      response.once('close', () => this.#hanging.delete(response))
    }
    return true
  }
}
