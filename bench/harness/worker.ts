import { fork, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Question {
  readonly id: number
  readonly name: string
  readonly value: unknown
}

interface Reply {
  readonly id: number
  readonly value: unknown
}

/** A process of its own, so that its CPU time is its own, that is asked by name and answers. */
export class Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (value: unknown) => void>()
  #questions = 0

  /** `file` is relative to the folder of this harness. */
  constructor(file: string) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--import', 'tsx', '--expose-gc'] })
    this.#child.on('message', ({ id, value }: Reply) => {
      this.#waiting.get(id)?.(value)
      this.#waiting.delete(id)
    })
    this.#child.on('exit', code => {
      if (code !== 0 && code !== null) throw new Error(`${file} ended with ${code}`)
    })
  }

  ask<T = undefined>(name: string, value?: unknown): Promise<T> {
    const id = this.#questions++
    return new Promise(resolve => {
      this.#waiting.set(id, answer => resolve(answer as T))
      this.#child.send({ id, name, value } satisfies Question)
    })
  }

  end(): void {
    this.#child.disconnect()
  }
}

/** In the worker's process: what answers. */
export function answer(answers: Readonly<Record<string, (value: never) => unknown>>): void {
  process.on('message', ({ id, name, value }: Question) => {
    void Promise.resolve(answers[name]?.(value as never)).then(result => process.send?.({ id, value: result } satisfies Reply))
  })
  process.on('disconnect', () => process.exit(0))
}

/** CPU time of this process so far, user and system, in µs. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Memory of this process without garbage, in bytes: the heap with what lies beside it, and what the system counts. */
export function memory(): { readonly heap: number; readonly rss: number } {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}

/** How long the main thread of this process has waited for a core so far, in µs: others had them. NaN where the system does not tell. */
export function waitTime(): number {
  if (!existsSync('/proc/self/schedstat')) return Number.NaN
  const [, waited = Number.NaN] = readFileSync('/proc/self/schedstat', 'utf8').split(' ').map(Number)
  return waited / 1000
}
