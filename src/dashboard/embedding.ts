import { themes, type Theme } from './theme.ts'

/** `?embed=1`: the page is shown in a frame of another, without its own header. */
export function isEmbedded(query = location.search): boolean {
  return new URLSearchParams(query).get('embed') === '1'
}

/** `?theme=dark`: for this visit, whatever was chosen before. */
export function askedTheme(query = location.search): Theme | undefined {
  return themes.find(theme => theme === new URLSearchParams(query).get('theme'))
}
