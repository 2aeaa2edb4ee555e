import { html, type TemplateResult } from 'lit'
import { feedHash, overviewHash } from './route.ts'

/** The way back. `part`: what of it is shown, where that is not the feed itself. */
export function breadcrumb(name: string, part?: string): TemplateResult {
  const slash = html` <span aria-hidden="true">/</span> `
  const here =
    part === undefined
      ? html`<span aria-current="page">${name}</span>`
      : html`<a href=${feedHash(name)}>${name}</a>${slash}<span aria-current="page">${part}</span>`
  return html`<nav aria-label="Breadcrumb"><a href=${overviewHash}>All feeds</a>${slash}${here}</nav>`
}
