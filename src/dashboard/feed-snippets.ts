import { html, type TemplateResult } from 'lit'
import type { FeedQuery } from '../client/face.ts'
import { copyText } from './clipboard.ts'
import { PageElement } from './page-element.ts'
import { snippetKinds, snippetText, type SnippetKind } from './snippets.ts'
import { storedToken } from './token-store.ts'

/** How a program follows what is shown, as text to be copied. */
export class FeedSnippets extends PageElement {
  static override properties = {
    ...PageElement.properties,
    name: { attribute: false },
    query: { attribute: false },
    kind: { state: true },
    said: { state: true },
  }
  declare name: string
  declare query: FeedQuery
  declare kind: SnippetKind
  declare said: string

  constructor() {
    super()
    this.kind = 'HTML'
    this.said = ''
  }

  get #text(): string {
    const pageUrl = new URL('./', document.baseURI).href
    const socketUrl = this.context.millrace.url
    return snippetText(this.kind, { feed: this.name, query: this.query, pageUrl, socketUrl, hasToken: storedToken() !== undefined })
  }

  async #copy(): Promise<void> {
    this.said = (await copyText(this.#text)) ? 'copied' : 'this browser does not let the page copy'
  }

  #choose(kind: SnippetKind): void {
    this.kind = kind
    this.said = ''
  }

  protected override render(): TemplateResult {
    return html`<div class="tools" role="group" aria-label="Language">
        ${snippetKinds.map(
          kind =>
            html`<button
              type="button"
              class="plain"
              aria-pressed=${kind === this.kind ? 'true' : 'false'}
              @click=${() => this.#choose(kind)}
            >
              ${kind}
            </button>`,
        )}
        <button type="button" class="plain last" @click=${() => void this.#copy()}>Copy</button
        ><span class="quiet" role="status">${this.said}</span>
      </div>
      <pre tabindex="0" role="region" aria-label="Snippet"><code>${this.#text}</code></pre>`
  }
}
