import { fileURLToPath } from 'node:url'
import { defineConfig, type UserConfig } from 'vite'

const shared = { target: 'es2022', reportCompressedSize: false } as const

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

/** The SDK as one file without imports, for pages that have no build of their own: served as `/client.js` beside the page. */
const client: UserConfig = {
  publicDir: false,
  build: {
    ...shared,
    outDir: 'dist/public',
    emptyOutDir: false,
    lib: { entry: fileURLToPath(new URL('./src/client/client.ts', import.meta.url)), formats: ['es'], fileName: () => 'client.js' },
    // vite leaves white space in a library for the sake of bundlers; this one is read by browsers.
    rolldownOptions: { output: { minify: true } },
  },
}

/** `vite build` makes the page, `vite build --mode client` then the SDK. */
export default defineConfig(({ mode }) => (mode === 'client' ? client : page))
