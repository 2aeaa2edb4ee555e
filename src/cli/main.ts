#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { didYouMean } from '../lib/suggest.ts'
import { version } from '../lib/version.ts'
import { countFromOne, durationText, instantText, portNumber, positiveNumber, serverAddress, wholeNumber } from './argument.ts'
import type { CheckOptions } from './check.ts'
import type { EvalOptions } from './eval.ts'
import type { MuteOptions } from './mute.ts'
import type { ReplayOptions } from './replay/replay.ts'
import type { TailOptions } from './tail.ts'

/** Exit codes: 0 ok, 1 failed, 2 usage. Each command loads only what it needs. */

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

/** A curl command that was copied whole, in quotes. */
function isCurl(text: string): boolean {
  return /^\s*(\$\s+)?curl(\.exe)?\s/.test(text)
}

/** Commands that serve, and those that ask a server. */
const [listening, asking] = [
  ['run', 'demo', 'record', 'replay'],
  ['tail', 'schedule', 'why', 'eval', 'mute'],
]

function createProgram(): Command {
  const program = new Command('millrace')
    .description('Polls sources once for everyone and pushes the rows that changed to browsers and programs over WebSocket.')
    .version(version)
    .argument('[url]', 'a URL to follow, or a curl command in quotes, with no config at all')
    .option('--port <port>', 'where to listen; 0 is any free port', portNumber)
    .option('--every <time>', 'how often the URL is asked', '10s')
    .option('--rows <path>', 'path to the array of rows, such as data.stations')
    .option('--key <column>', 'the column that tells rows apart')
    .helpCommand('help [command]', 'what a command does, and its options')
    .exitOverride()
    .showHelpAfterError('(millrace --help tells more)')
  program.action(async (url: string | undefined, options: { port?: number; every: string; rows?: string; key?: string }) => {
    if (url === undefined) return program.help()
    refuseWord(url, program)
    if (isCurl(url)) {
      const { followCurl } = await import('./curl/follow-curl.ts')
      return followCurl(url, options)
    }
    if (!URL.canParse(url)) program.error(`'${url}' is no URL: a host is missing, or a character stands where none may`, { exitCode: 2 })
    const { followUrl } = await import('./follow-url.ts')
    await followUrl(url, options)
  })
  addServerCommands(program)
  addReaderCommands(program)
  addAskingCommands(program)
  addTryingCommands(program)
  addReplayCommands(program)
  addAdminCommands(program)
  program.hook('preSubcommand', (_program, command) => {
    const name = ['every', 'rows', 'key'].find(option => program.getOptionValueSource(option) === 'cli')
    if (name !== undefined)
      command.error(`--${name} belongs to a URL: millrace https://.. --${name}; a config has it as the key ${name} of a source`, {
        exitCode: 2,
      })
    if (program.getOptionValueSource('port') !== 'cli' || listening.includes(command.name())) return
    const mend = asking.includes(command.name()) ? `; ask another server by --url http://127.0.0.1:${String(program.opts()['port'])}` : ''
    command.error(`--port says where to listen, which '${command.name()}' does not${mend}`, { exitCode: 2 })
  })
  return program
}

/** @throws CommanderError when the word is neither a command nor a URL. */
function refuseWord(word: string, program: Command): void {
  const names = [...program.commands.map(command => command.name()), 'help']
  if (isUrl(word) || isCurl(word) || names.includes(word)) return
  const what = existsSync(word)
    ? `'${word}' is a file; serve the feeds of a config with: millrace run ${word}`
    : `'${word}' is neither a command nor a URL that begins with http:// or https://${didYouMean(word, names)}`
  program.error(what, { exitCode: 2 })
}

function addServerCommands(program: Command): void {
  program
    .command('run')
    .description('serve the feeds of a config')
    .argument('<config>', 'a YAML, JSON or TypeScript file')
    .option('--port <port>', 'where to listen instead; 0 is any free port', portNumber)
    .action(async (config: string, options: { port?: number }) => {
      const { runConfig } = await import('./run.ts')
      await runConfig(config, withGlobals(program, options))
    })
  program
    .command('demo')
    .description('serve live feeds that need no network, file or key')
    .option('--port <port>', 'where to listen; 0 is any free port', portNumber)
    .action(async (options: { port?: number }) => {
      const { runDemo } = await import('./run-demo.ts')
      await runDemo(withGlobals(program, options))
    })
  program
    .command('check')
    .description('say everything that is wrong with a config')
    .argument('<config>', 'a YAML, JSON or TypeScript file')
    .option('--show', 'also every value in force, and where it came from')
    .option('--live', 'also ask each source once, and say what came of it')
    .action(async (config: string, options: CheckOptions) => {
      const { checkConfig } = await import('./check.ts')
      await checkConfig(config, options)
    })
  program
    .command('token')
    .description('print a new token, and what to write into a config for it')
    .action(async () => {
      const { printToken } = await import('./token.ts')
      printToken()
    })
  program
    .command('schema')
    .description('print the JSON Schema of the config, for editors')
    .action(async () => {
      const { jsonSchema } = await import('../config/json-schema.ts')
      process.stdout.write(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`)
    })
  program
    .command('add')
    .description('add the source that a URL or a curl command asks to a config')
    .argument('<request>', "a URL, or a curl command in quotes, as it is copied from a browser: 'curl https://.. -H ..'")
    .option('--config <file>', 'the YAML file', 'millrace.yaml')
    .option('--name <name>', 'what the source is called; found in the URL when absent')
    .option('--print', 'only print what would be added')
    .action(async (request: string, options: { config: string; name?: string; print?: boolean }) => {
      const { addCurl } = await import('./curl/add-curl.ts')
      addCurl(request, options)
    })
}

function addReaderCommands(program: Command): void {
  program
    .command('tail')
    .description('follow a feed of a running server')
    .argument('<feed>', "a feed, or an address such as 'regions?where=bikes < 500&limit=5'")
    .option('--url <url>', 'the server', serverAddress, 'http://127.0.0.1:8080')
    .option('--json', 'one object a line: {type, set, del, ...}')
    .option('--raw', 'the frames as they come')
    .option('--status', 'also how far the data can be believed')
    .option('--limit <count>', 'end after so many updates', countFromOne)
    .option('--token-file <file>', 'where a token stands, for a server that asks for one; else the variable MILLRACE_TOKEN')
    .action(async (feed: string, options: TailOptions) => {
      const { tailFeed } = await import('./tail.ts')
      await tailFeed(feed, options)
    })
  program
    .command('schedule')
    .description('what a running server has learned of when a source changes')
    .argument('<source>', 'a source')
    .option('--url <url>', 'the server', serverAddress, 'http://127.0.0.1:8080')
    .option('--token-file <file>', 'where a token stands that opens $sources; else the variable MILLRACE_TOKEN')
    .option('--plot <file>', 'draw its last polls, and the changes that are expected, into an SVG file')
    .action(async (source: string, options: { url: string; tokenFile?: string; plot?: string }) => {
      const { showSchedule } = await import('./schedule.ts')
      await showSchedule(source, options)
    })
}

function addAskingCommands(program: Command): void {
  program
    .command('why')
    .description('which rows a row of a feed is made of, and the last poll of each source behind it')
    .argument('<feed>', 'a feed')
    .argument('<key>', "the key of a row; '' where there is only one")
    .option('--url <url>', 'the server', serverAddress, 'http://127.0.0.1:8080')
    .option('--token-file <file>', 'where a token stands; else the variable MILLRACE_TOKEN')
    .action(async (feed: string, key: string, options: { url: string; tokenFile?: string }) => {
      const { explainRow } = await import('./why.ts')
      await explainRow(feed, key, options)
    })
}

function addTryingCommands(program: Command): void {
  program
    .command('test')
    .description('run the tests of a config: what its feeds show, given what its sources answer')
    .argument('<config>', 'a YAML, JSON or TypeScript file')
    .action(async (config: string) => {
      const { testConfig } = await import('./test/test.ts')
      await testConfig(config)
    })
  program
    .command('eval')
    .description('the value of an expression, for a row or the rows of a feed')
    .argument('<expression>', "CEL in quotes, such as 'round(bikes / docks, 2)'")
    .option('--row <json>', 'the row: a JSON object whose members are the columns')
    .addOption(new Option('--feed <feed>', 'a feed of a running server, whose rows are taken').conflicts('row'))
    .option('--url <url>', 'the server', serverAddress, 'http://127.0.0.1:8080')
    .option('--token-file <file>', 'where a token stands; else the variable MILLRACE_TOKEN')
    .action(async (text: string, options: EvalOptions) => {
      const { evaluate } = await import('./eval.ts')
      await evaluate(text, options)
    })
}

function addReplayCommands(program: Command): void {
  program
    .command('record')
    .description('serve the feeds of a config, and keep what its sources answer')
    .argument('<config>', 'a YAML or JSON file')
    .requiredOption('-o, --output <file>', 'the recording, such as trip.mrec; one that is there is left alone')
    .option('--port <port>', 'where to listen instead; 0 is any free port', portNumber)
    .action(async (config: string, options: { output: string; port?: number }) => {
      const { recordConfig } = await import('./replay/record.ts')
      await recordConfig(config, { ...options, ...withGlobals(program, options) })
    })
  program
    .command('replay')
    .description('serve the feeds of a recording, whose sources answer as they did then')
    .argument('<recording>', 'a file that millrace record made')
    .option('--speed <factor>', 'how many times faster than it was recorded', positiveNumber, 1)
    .option('--seed <number>', 'of all chance: a whole number', wholeNumber, 1)
    .option('--port <port>', 'where to listen; 0 is any free port', portNumber)
    .addOption(
      new Option(
        '--frames <file>',
        'as fast as it can and without a socket: write what a reader of every feed is sent, a frame a line',
      ).conflicts('speed'),
    )
    .action(async (file: string, options: ReplayOptions) => {
      const { replayRecording } = await import('./replay/replay.ts')
      await replayRecording(file, { ...options, ...withGlobals(program, options) })
    })
}

function addAdminCommands(program: Command): void {
  program
    .command('mute')
    .description('have nobody told of a feed for a while but those who read it')
    .argument('<feed>', 'a feed with sinks, or a source')
    .option('--for <time>', 'how long: 30m, 2h', durationText)
    .option('--until <time>', 'until when: 2026-01-31T08:00:00Z', instantText)
    .option('--off', 'end it now')
    .option('--url <url>', 'the server', serverAddress, 'http://127.0.0.1:8080')
    .option('--token-file <file>', 'where the token of an admin stands; else the variable MILLRACE_TOKEN')
    .action(async (feed: string, options: MuteOptions, command: Command) => {
      const given = [options.for, options.until, options.off].filter(option => option !== undefined).length
      if (given !== 1) command.error('say one of --for, --until and --off', { exitCode: 2 })
      const { muteFeed } = await import('./mute.ts')
      await muteFeed(feed, options)
    })
}

/** Commander gives an option that the program knows too to the program, wherever it stands. */
function withGlobals(program: Command, options: { port?: number }): { port?: number } {
  const { port } = program.opts<{ port?: number }>()
  return port === undefined ? options : { ...options, port }
}

// A reader that has gone (`| head`) is no fault: what is known to have failed by then remains so.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  const program = createProgram()
  const [word] = process.argv.slice(2)
  // Before the options are read, which are those of the command that was meant.
  if (word !== undefined && !word.startsWith('-')) refuseWord(word, program)
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
