import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { nginxConfig } from '../../test/support/nginx-config.ts'

/** A line of its access log. */
export interface Served {
  /** Ms since 1970. */
  readonly at: number
  /** `by` of the query. */
  readonly by: string
  readonly status: number
}

const triesToStart = 50

const http = ['types { application/json json; }', "log_format asked '$msec $arg_by $status';"]

/** The nginx of this machine as Debian builds it, that serves one file and counts who asks for it. */
export class Nginx {
  readonly url: string
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(folder: string, port: number) {
    this.url = `http://127.0.0.1:${port}/rows.json`
    this.#folder = folder
    writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, port, { http, server: [`root ${folder};`] }))
    // Its worker is another user.
    chmodSync(folder, 0o755)
    this.#process = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /** @throws Error where there is no nginx, or it does not start */
  static async start(rows: string): Promise<Nginx> {
    const nginx = new Nginx(mkdtempSync(join(tmpdir(), 'millrace-nginx-')), await freePort())
    nginx.write(rows)
    try {
      await nginx.#answers()
    } catch (error) {
      await nginx.close()
      throw error
    }
    return nginx
  }

  /** Replaces the file at once; returns when, ms since 1970. */
  write(rows: string): number {
    const [written, served] = [join(this.#folder, 'rows.new'), join(this.#folder, 'rows.json')]
    writeFileSync(written, rows)
    renameSync(written, served)
    return Date.now()
  }

  /** All that it was asked so far. */
  served(): readonly Served[] {
    const lines = readFileSync(join(this.#folder, 'access.log'), 'utf8').split('\n')
    return lines.filter(Boolean).map(line => {
      const [seconds = '', by = '', status = ''] = line.split(' ')
      return { at: Number(seconds) * 1000, by, status: Number(status) }
    })
  }

  async close(): Promise<void> {
    const ended = new Promise(resolve => this.#process.once('close', resolve))
    if (this.#process.pid !== undefined && this.#process.kill('SIGTERM')) await ended
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #answers(): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#process.once('error', error => reject(new Error(`nginx cannot be started (Debian: nginx-light): ${error.message}`)))
      this.#process.once('exit', code => reject(new Error(`nginx ended with ${code}`)))
    })
    for (let tries = 0; ; tries++) {
      const answered = fetch(`${this.url}?by=start`).then(
        response => response.ok,
        () => false,
      )
      if (await Promise.race([failed, answered])) break
      if (tries >= triesToStart) throw new Error('nginx does not answer')
      await Promise.race([failed, pause(100)])
    }
    // Nobody waits for its end any more.
    failed.catch(() => undefined)
  }
}
