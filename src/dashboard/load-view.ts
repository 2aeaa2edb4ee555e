/** The views whose script is fetched when they are first wanted: the overview needs none of it. */
type LazyView = 'feed' | 'source' | 'board'

const loaded = new Set<LazyView>()

export function isLoaded(view: LazyView): boolean {
  return loaded.has(view)
}

/** Defines the elements of a view. @throws where its script cannot be fetched */
export async function loadView(view: LazyView): Promise<void> {
  if (view === 'board') await Promise.all([import('./define-feed-page.ts'), import('./define-source-page.ts')])
  if (view === 'board') await import('./define-board-page.ts')
  else if (view === 'source') await import('./define-source-page.ts')
  else await import('./define-feed-page.ts')
  loaded.add(view)
}
