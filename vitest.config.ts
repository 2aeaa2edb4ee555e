import { readdirSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/** What starts processes, browsers and crowds of sockets, or measures a whole server: each file in a process of its own. */
const apart = ['browser', 'cli', 'connection', 'convergence', 'corpora', 'end-to-end', 'monitoring', 'package', 'simulation']

/** Everything else keeps to itself, and shares its modules with the other files: loading them anew took longer than the tests. */
const together = readdirSync('test', { withFileTypes: true })
  .filter(entry => entry.isDirectory() && !apart.includes(entry.name))
  .map(({ name }) => `test/${name}/**/*.test.ts`)

/** These take longest: begun last, one of them would run on alone, while the other core has nothing left to do. */
const longest = /\/(simulation|convergence|law\/mutation|package\/package|browser)\b/

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(({ moduleId }) => longest.test(moduleId)), ...sorted.filter(({ moduleId }) => !longest.test(moduleId))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
