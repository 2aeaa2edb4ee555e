import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** What starts processes, browsers and crowds of sockets, or measures a whole server: each file in a process of its own. */
const apart = ['browser', 'cli', 'connection', 'convergence', 'corpora', 'end-to-end', 'monitoring', 'package', 'simulation']

/** Everything else keeps to itself, and shares its modules with the other files: loading them anew took longer than the tests. */
const together = readdirSync('test', { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !apart.includes(entry.name))
  .map(({ name }) => `test/${name}/**/*.test.ts`)

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'apart', include: apart.map(folder => `test/${folder}/**/*.test.ts`) } },
      {
        extends: true,
        test: { name: 'together', include: ['test/*.test.ts', ...together], isolate: false },
      },
    ],
  },
})
