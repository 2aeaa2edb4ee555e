import { newSecret } from '../lib/secret.ts'

/** `millrace token`: a new token on stdout, and on stderr what to write into a config for it. */
export function printToken(): void {
  process.stdout.write(`${newSecret()}\n`)
  process.stderr.write(
    [
      '',
      'Keep it where only the server and its readers can read it, and name it in the config:',
      '',
      'auth:',
      '  tokens:',
      '    - name: wallboard',
      '      token: "${WALLBOARD_TOKEN}"      # or "${file:/run/secrets/wallboard}"',
      "      feeds: ['*']                     # or the names of some",
      '',
      'A reader brings it: MILLRACE_TOKEN=.. millrace tail <feed>',
      '',
    ].join('\n'),
  )
}
