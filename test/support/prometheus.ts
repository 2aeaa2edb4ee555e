import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import { freePort } from './free-port.ts'
import { Program } from './program.ts'

/** What it scrapes, once a second. */
export interface ScrapeJob {
  readonly name: string
  /** The whole address. */
  readonly url: string
}

/** Starts a program and waits until an address of it answers. */
export async function startServer(command: string, args: readonly string[], folder: string, ready: string): Promise<Program> {
  const program = new Program(command, args, { cwd: folder })
  const answers = async (): Promise<boolean> => (await fetch(ready).catch(() => undefined))?.ok === true
  await vi.waitUntil(answers, { timeout: 20_000, interval: 100 })
  return program
}

/** The real Prometheus (Debian: prometheus), on loopback. */
export class Prometheus {
  readonly #url: string
  readonly #program: Program

  private constructor(url: string, program: Program) {
    this.#url = url
    this.#program = program
  }

  static async start(folder: string, jobs: readonly ScrapeJob[]): Promise<Prometheus> {
    const url = `http://127.0.0.1:${await freePort()}`
    const configs = jobs.map(job => {
      const { host, pathname } = new URL(job.url)
      return { job_name: job.name, metrics_path: pathname, static_configs: [{ targets: [host] }] }
    })
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: configs }))
    const flags = [`--web.listen-address=${new URL(url).host}`, '--config.file=prometheus.yml', '--storage.tsdb.path=prom']
    return new Prometheus(url, await startServer('prometheus', flags, folder, `${url}/-/ready`))
  }

  /** What an expression has now: labels with their value. */
  async query(expression: string): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]> {
    const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}`)
    const { data } = (await response.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
  }

  /** The values of an expression by one label. */
  async valuesBy(label: string, expression: string): Promise<Map<string, number>> {
    return new Map((await this.query(expression)).map(({ labels, value }) => [labels[label] ?? '', value]))
  }

  end(): Promise<void> {
    return this.#program.end()
  }
}
