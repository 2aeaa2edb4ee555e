import { mkdirSync, writeFileSync } from 'node:fs'
import type { Bench } from './harness/bench.ts'
import { agePicture, learningPicture, minutePicture } from './schedule/pictures.ts'

const folder = new URL('../docs/pictures/', import.meta.url)
const pictures = { minute: minutePicture, learning: learningPicture, age: agePicture }

/** No arguments. */
export const schedulePictures: Bench = {
  title: 'Pictures of docs/schedule.md',
  about: 'drawn from simulated sources, the same each time.',
  run(_, say) {
    mkdirSync(folder, { recursive: true })
    for (const [name, draw] of Object.entries(pictures)) {
      const svg = draw()
      writeFileSync(new URL(`schedule-${name}.svg`, folder), svg)
      say(`docs/pictures/schedule-${name}.svg: ${svg.length} bytes`)
    }
    return Promise.resolve()
  },
}
