import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => {
    server.close(resolve)
  })
  return port
}

/** A config, but for the port, which is any free one. */
export interface ServerConfig extends Readonly<Record<string, unknown>> {
  readonly server?: Readonly<Record<string, unknown>>
}

/** `millrace run <config>` as a process of its own, which can be killed and started again at the same port. */
export class ServerProcess {
  readonly url: string
  starts = 0
  /** What it wrote to stderr, the end of it. */
  said = ''
  readonly #folder: string
  #child: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.url = `http://127.0.0.1:${port}`
    this.#folder = folder
  }

  static async start({ server: given, ...config }: ServerConfig): Promise<ServerProcess> {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'millrace-convergence-'))
    writeFileSync(join(folder, 'millrace.yaml'), JSON.stringify({ server: { ...given, port }, ...config }))
    const server = new ServerProcess(port, folder)
    await server.start()
    return server
  }

  /** Until it is ready. @throws Error when it ends before */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--import', 'tsx', program, 'run', join(this.#folder, 'millrace.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    // A run that is given up must not leave it behind.
    const end = (): void => void child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    this.starts++
    child.stderr.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString()).slice(-4000)))
    while (!(await this.#isReady())) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${this.said}`)
      await new Promise(resolve => {
        setTimeout(resolve, 20)
      })
    }
  }

  /** The files of its state folder, `state` beside the config. */
  get stateFiles(): string[] {
    const folder = join(this.#folder, 'state')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** SIGKILL: nothing is told to anybody. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: it stops in order. @returns its exit code */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    return new Promise(resolve => {
      child.once('exit', resolve)
      child.kill(signal)
    })
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/ready`)).ok
    } catch {
      return false
    }
  }
}
