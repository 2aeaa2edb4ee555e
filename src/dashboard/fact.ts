import { html, type TemplateResult } from 'lit'

/** One thing that is known, with its name above it; `more` shows on pointing. */
export function fact(name: string, text: string | TemplateResult, more = ''): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd title=${more}>${text}</dd>
  </div>`
}
