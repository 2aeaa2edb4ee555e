import { defineConfig, type BuildOptions } from 'vite'

/** The page: public/index.html and what it imports. */
const page: BuildOptions = {
  emptyOutDir: true,
  assetsInlineLimit: 0,
  modulePreload: { polyfill: false },
}

/** The SDK as one file under a name that stays: what a page loads from a server by `import './client.js'`. */
const client: BuildOptions = {
  emptyOutDir: false,
  lib: { entry: '../src/client/client.ts', formats: ['es'], fileName: () => 'client.js' },
}

export default defineConfig(({ mode }) => ({
  root: 'public',
  // Relative, so that the page works under any path prefix behind a proxy.
  base: './',
  publicDir: false,
  build: {
    outDir: '../dist/public',
    target: 'es2022',
    reportCompressedSize: false,
    ...(mode === 'client' ? client : page),
  },
}))
