import { spawn, type ChildProcess } from 'node:child_process'
import { basename } from 'node:path'
import { exceeded, quotable } from '../decode/decode-error.ts'
import { secretsInCommand } from '../lib/safe-command.ts'
import { hidden, isSecretName, withoutSecrets } from '../lib/safe-text.ts'
import { formatSize } from '../lib/unit.ts'
import type { Ask } from './ask.ts'
import { DocumentAsk, type AskDeps, type DocumentOrigin, type Found } from './document-ask.ts'
import type { ExecOptions } from './exec.options.ts'
import { PollError } from './failure.ts'
import type { Taps } from './taps.ts'

/** What of this process's environment a command is told: where programs, its user's files and the language are. */
const passedOn = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR']
/** So much of what a command complains of is kept, from its end, in bytes. */
const complaintBytes = 4096
/** Hiding shorter ones would spoil every sentence. */
const shortestSecret = 4

/** Runs a command and makes a table of what it prints. */
export function execAsk(options: ExecOptions, deps: AskDeps & { readonly taps?: Pick<Taps, 'origin'> }): Ask {
  const command = new Command(options)
  return new DocumentAsk(deps.taps?.origin(deps.name, command) ?? command, options, deps)
}

class Command implements DocumentOrigin {
  readonly what: string
  readonly #options: ExecOptions
  readonly #env: NodeJS.ProcessEnv
  /** What it may complain with. */
  readonly #secrets: readonly string[]

  constructor(options: ExecOptions) {
    this.#options = options
    this.what = `the command ${quotable(basename(options.command[0] ?? ''), 40)}`
    const own = passedOn.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]))
    this.#env = Object.fromEntries([...own, ...options.env])
    const named = [...options.env].flatMap(([name, value]) => (isSecretName(name) ? [value] : []))
    const secrets = [...named, ...secretsInCommand(options.command)].filter(({ length }) => length >= shortestSecret)
    // Of one that begins like another the rest would stay.
    this.#secrets = secrets.toSorted((a, b) => b.length - a.length)
  }

  find(signal: AbortSignal): Promise<Found> {
    const { command, folder } = this.#options
    const [program = '', ...args] = command
    return new Promise((resolve, reject) => {
      // A group of its own, so that whatever it starts can be ended with it.
      const child = spawn(program, args, { cwd: folder, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
      track(child)
      const output = new Output(child, this.#options.maxBodyBytes, () => {
        killGroup(child)
        reject(exceeded('maxBody', formatSize(this.#options.maxBodyBytes)))
      })
      const abort = (): void => {
        killGroup(child)
        reject(new PollError('timeout', `${this.what} was ended`))
      }
      signal.addEventListener('abort', abort, { once: true })
      child.once('error', error => reject(new PollError('upstream', `${this.what} cannot be run (${codeOf(error)})`)))
      child.once('close', (code, signalName) => {
        signal.removeEventListener('abort', abort)
        if (code === 0) resolve({ body: output.body, mediaType: '' })
        else reject(new PollError('upstream', `${this.what} ended with ${code ?? signalName ?? 'an error'}${this.#told(output)}`))
      })
    })
  }

  /** What it complained of, to be said after how it ended. */
  #told({ complaint, isCut }: Output): string {
    // What is left of a secret that was cut could not be told from anything else.
    const whole = isCut ? complaint.slice(this.#secrets[0]?.length) : complaint
    const told = this.#secrets.reduce((text, secret) => text.replaceAll(secret, hidden), whole)
    return told === '' ? '' : `: ${withoutSecrets(told)}`
  }
}

/** What a command prints: all of it, and the end of what it complains of. */
class Output {
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #complaint: Buffer = Buffer.alloc(0)
  /** Of what it complained of the beginning is not kept. */
  #isCut = false

  constructor({ stdout, stderr }: ChildProcess, maxBytes: number, tooLarge: () => void) {
    stdout?.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.byteLength
      if (this.#bytes <= maxBytes) this.#chunks.push(chunk)
      else tooLarge()
    })
    stderr?.on('data', (chunk: Buffer) => {
      const all = Buffer.concat([this.#complaint, chunk])
      this.#isCut ||= all.byteLength > complaintBytes
      this.#complaint = all.subarray(-complaintBytes)
    })
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** The last line of what it complained of began before what is kept. */
  get isCut(): boolean {
    return this.#isCut && !this.#complaint.toString().trim().includes('\n')
  }

  /** The last line of what it complained of. */
  get complaint(): string {
    return this.#complaint.toString().trim().split(/\r?\n/).at(-1) ?? ''
  }
}

/** Commands that run, which no signal of a terminal and no end of this process would reach in their groups. */
const running = new Set<ChildProcess>()
const endAll = (): void => {
  for (const child of running) killGroup(child)
}

function track(child: ChildProcess): void {
  if (running.size === 0) process.once('exit', endAll)
  running.add(child)
  const ended = (): void => {
    running.delete(child)
    if (running.size === 0) process.off('exit', endAll)
  }
  child.once('close', ended)
  child.once('error', ended)
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has ended by itself, or is another user's by now: the poll has failed either way.
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.name : typeof error)
}
