import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A program that runs beside the test. */
export class Program {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #stdout = ''
  #stderr = ''
  readonly #watchers = new Set<() => void>()

  constructor(command: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}) {
    const { cwd, env } = options
    this.#child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      // A group of its own, as a shell makes one: what the program starts is ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.#stdout += data.toString('utf8')
      this.#wake()
    })
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#stderr += data.toString('utf8')
      this.#wake()
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', code => {
        resolve(code)
        this.#wake()
      })
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program did not start')
    return this.#child.pid
  }

  /** How long it ran on a core, its main thread alone, in ms: what a busy machine made it wait does not count. NaN where the system does not say. */
  get cpuMs(): number {
    const file = `/proc/${this.pid}/schedstat`
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : Number.NaN
  }

  /** The exit code; null when a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** Waits until what it wrote, stderr after stdout, matches; fails where it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(`${this.#stdout}${this.#stderr}`)
      if (match !== null) return match
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`ended without saying ${pattern}:\n${this.#stdout}${this.#stderr}`)
      await new Promise<void>(resolve => this.#watchers.add(resolve))
    }
  }

  /** Signals the program alone. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Signals the program and all that it started, as Ctrl-C in a terminal does. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** Ends it, whatever state it is in. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.killGroup('SIGKILL')
    await this.#ended
  }

  #wake(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const program = new Program(command, args, options)
  const code = await program.ended
  return { code, stdout: program.stdout, stderr: program.stderr }
}
