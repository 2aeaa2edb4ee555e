import { defineConfig } from 'vite'

export default defineConfig({
  root: 'public',
  // Relative, so that the page works under any path prefix behind a proxy.
  base: './',
  publicDir: false,
  build: {
    outDir: '../dist/public',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
