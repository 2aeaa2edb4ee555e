import { html, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { FrameLog } from './frame-log.ts'
import { PageElement } from './page-element.ts'

/** The frames that brought the rows on this page. */
export class FeedFrames extends PageElement {
  static override properties = { ...PageElement.properties, log: { attribute: false }, revision: { attribute: false } }
  declare log: FrameLog
  /** Counts the changes of `log`. */
  declare revision: number

  protected override render(): TemplateResult {
    const { format, clock } = this.context
    const { frames } = this.log
    if (frames.length === 0) return html`<p class="empty">No frame came yet.</p>`
    return html`<div class="scroll short" role="region" aria-label="Frames" tabindex="0">
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Type</th>
            <th scope="col" class="number">Bytes</th>
            <th scope="col" class="number">Rows</th>
            <th scope="col" class="number">Version</th>
          </tr>
        </thead>
        <tbody>
          ${repeat(
            frames,
            ({ seq }) => seq,
            ({ at, type, messages, bytes, rows, version }) =>
              html`<tr>
                <td>${format.time(at, clock.now())}</td>
                <td>${type}${messages > 1 ? ` × ${messages}` : ''}</td>
                <td class="number">${format.number(bytes)}</td>
                <td class="number">${format.number(rows)}</td>
                <td class="number">${format.number(version)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`
  }
}
