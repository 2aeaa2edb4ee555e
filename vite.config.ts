import { fileURLToPath } from 'node:url'
import { defineConfig, type UserConfig } from 'vite'

const shared: UserConfig['build'] = {
  target: 'es2022',
  // Without it `light-dark()` is rewritten into what only works where the same style sheet sets the colour scheme.
  cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  reportCompressedSize: false,
}

const page: UserConfig = {
  root: 'public',
  // Relative, so that the page works under any path prefix behind a proxy.
  base: './',
  publicDir: false,
  build: {
    ...shared,
    outDir: '../dist/public',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
}

/** One file without imports, for pages that have no build of their own: served beside the page. */
function oneFile(entry: string): UserConfig {
  return {
    publicDir: false,
    build: {
      ...shared,
      outDir: 'dist/public',
      emptyOutDir: false,
      lib: {
        entry: fileURLToPath(new URL(`./src/${entry}/${entry}.ts`, import.meta.url)),
        formats: ['es'],
        fileName: () => `${entry}.js`,
      },
      // vite leaves white space in a library for the sake of bundlers; this one is read by browsers.
      rolldownOptions: { output: { minify: true } },
    },
  }
}

/** `vite build` makes the page; then `--mode client` the SDK and `--mode elements` the custom elements. */
export default defineConfig(({ mode }) => (mode === 'client' || mode === 'elements' ? oneFile(mode) : page))
