import { html, type PropertyValues, type TemplateResult } from 'lit'
import type { FeedDescriptor } from '../protocol/messages.ts'
import { PageElement } from './page-element.ts'

/** What a feed's table is: its key, its order, its columns with their types. */
export class FeedSchema extends PageElement {
  static override properties = {
    ...PageElement.properties,
    name: { attribute: false },
    descriptor: { state: true },
    error: { state: true },
  }
  declare name: string
  declare descriptor: FeedDescriptor | undefined
  declare error: string

  constructor() {
    super()
    this.error = ''
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('name')) void this.#ask()
  }

  async #ask(): Promise<void> {
    const { name } = this
    try {
      const feeds = await this.context.millrace.feeds({ own: name.startsWith('$') })
      if (name !== this.name) return
      this.descriptor = feeds.find(({ feed }) => feed === name)
      this.error = this.descriptor === undefined ? `There is no feed “${name}” on this server.` : ''
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error)
    }
  }

  protected override render(): TemplateResult {
    const { descriptor, error } = this
    if (descriptor === undefined) return html`<p class="empty">${error === '' ? 'Asking for it.' : error}</p>`
    const { kind, key, order, columns } = descriptor
    const named = (name: string) => html`<code>${name}</code>`
    return html`<dl class="lines">
        <div>
          <dt>Kind</dt>
          <dd>${kind}</dd>
        </div>
        <div>
          <dt>Key</dt>
          <dd>${named(key)}</dd>
        </div>
        <div>
          <dt>Order</dt>
          <dd>${order.length === 0 ? 'by key' : order.map((term, i) => html`${i === 0 ? '' : ', '}${named(term)}`)}</dd>
        </div>
      </dl>
      <div class="scroll short" role="region" aria-label="Columns" tabindex="0">
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Type</th>
            </tr>
          </thead>
          <tbody>
            ${columns.map(
              ({ name, type }) =>
                html`<tr>
                  <td>${named(name)}</td>
                  <td>${type}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`
  }
}
