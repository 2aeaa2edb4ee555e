import { html, nothing, type TemplateResult } from 'lit'
import type { Cancel } from '../lib/clock.ts'
import { wantsToken } from './connection-view.ts'
import { PageElement } from './page-element.ts'
import { storedToken, storeToken } from './token-store.ts'

/** Asks for a token, and tries it. */
export class SignIn extends PageElement {
  static override properties = { ...PageElement.properties, tries: { state: true }, fault: { state: true } }
  /** A token is being tried. */
  declare tries: boolean
  /** Why the last one was no good; empty where none was tried. */
  declare fault: string

  constructor() {
    super()
    this.tries = false
    this.fault = storedToken() === undefined ? '' : 'The token of this tab is not known to the server, or has ended.'
  }

  protected override listen(): readonly Cancel[] {
    return [
      this.context.millrace.onState(state => {
        if (!wantsToken(state) || !this.tries) return
        this.tries = false
        this.fault = 'This token is not known to the server, or has ended.'
        this.#input?.select()
      }),
    ]
  }

  protected override firstUpdated(): void {
    this.#input?.focus()
  }

  get #input(): HTMLInputElement | null {
    return this.querySelector('input')
  }

  #submit(event: Event): void {
    event.preventDefault()
    const token = this.#input?.value.trim() ?? ''
    if (token === '' || this.tries) return
    this.tries = true
    this.fault = ''
    storeToken(token)
    this.context.millrace.retry()
  }

  protected override render(): TemplateResult {
    const { tries, fault } = this
    return html`<section class="panel sign-in" aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">This server asks for a token</h1>
      <p id="sign-in-help">Whoever runs it gives you one. It is kept in this tab until you close it.</p>
      <form @submit=${(event: Event) => this.#submit(event)}>
        <label for="sign-in-token">Token</label>
        <input
          id="sign-in-token"
          type="password"
          autocomplete="current-password"
          autocapitalize="none"
          spellcheck="false"
          required
          aria-describedby="sign-in-help sign-in-fault"
          aria-invalid=${fault === '' ? 'false' : 'true'}
        />
        <button type="submit" class="plain" ?disabled=${tries}>${tries ? 'Signing in' : 'Sign in'}</button>
      </form>
      <p id="sign-in-fault" class="fault" role="alert">${fault === '' ? nothing : fault}</p>
    </section>`
  }
}
