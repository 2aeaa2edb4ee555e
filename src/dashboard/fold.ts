import { html, nothing, type TemplateResult } from 'lit'

/** A part of a page that is folded until it is wanted; what is in it is made only then. */
export function fold(title: string, open: boolean, onToggle: (open: boolean) => void, content: () => TemplateResult): TemplateResult {
  return html`<details class="panel" ?open=${open} @toggle=${(event: Event) => onToggle((event.currentTarget as HTMLDetailsElement).open)}>
    <summary><h2>${title}</h2></summary>
    ${open ? content() : nothing}
  </details>`
}
