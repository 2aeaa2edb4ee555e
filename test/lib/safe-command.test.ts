import { describe, expect, test } from 'vitest'
import { commandWithoutSecrets, secretsInCommand } from '../../src/lib/safe-command.ts'

const same = (text: string): string => text

describe('what is told of a command', () => {
  test.each([
    [`curl -H 'X-Api-Key: hunter2 and more' https://x`, `curl -H 'X-Api-Key: ***' https://x`],
    [
      `curl '-HX-Api-Key: hunter2' --header='Cookie: sid=hunter2; a=b' https://x`,
      `curl '-HX-Api-Key: ***' '--header=Cookie: ***' https://x`,
    ],
    ['curl -H "Accept: text/csv" https://x', 'curl -H "Accept: text/csv" https://x'],
    ['curl -u me:hunter2 --proxy-user=me:hunter2 -ume:hunter2 https://x', 'curl -u me:*** --proxy-user=me:*** -ume:*** https://x'],
    [`curl 'https://me:hunter2@x/?token=hunter2'`, `curl 'https://***@x/?token=***'`],
    [`curl -d '{"password":"hunter2"}' https://x`, `curl -d '{"password":"***"}' https://x`],
    ['env PGPASSWORD=hunter2 psql --csv -c "select token from t"', `env PGPASSWORD=*** psql --csv -c 'select token from t'`],
    [`psql 'host=h password=hunter2 dbname=d' --csv`, `psql 'host=h password=*** dbname=d' --csv`],
    ['tool --api-key hunter2 --token=hunter2 --port 80', 'tool --api-key *** --token=*** --port 80'],
    ['mysql -phunter2 -uroot -e "select 1"', `mysql -p*** -uroot -e 'select 1'`],
    ['psql -p5432 -U me', 'psql -p5432 -U me'],
    ['ls -l /srv', 'ls -l /srv'],
  ])('%s', (command, told) => expect(commandWithoutSecrets(command, same)).toBe(told))

  test('in a script, too', () => {
    const script = `curl -u me:hunter2 -H "X-Api-Key: hunter2 too" --token hunter2 --secret 'hunter2' https://x | TOKEN=hunter2 jq .`
    expect(commandWithoutSecrets(['sh', '-c', script], same)).toEqual([
      'sh',
      '-c',
      `curl -u me:*** -H "X-Api-Key: ***" --token *** --secret '***' https://x | TOKEN=*** jq .`,
    ])
  })

  test('what is known to come from a variable is told by its name', () => {
    const told = (text: string): string => text.replaceAll('hunter2', '${KEY}')
    expect(commandWithoutSecrets(`curl -H 'X-Api-Key: hunter2' --token hunter2 --password abc1`, told)).toBe(
      `curl -H 'X-Api-Key: \${KEY}' --token '\${KEY}' --password ***`,
    )
  })

  test('beside a variable in the same word, too', () => {
    const told = (text: string): string => text.replaceAll('abc1', '${KEY}')
    const script = 'curl -u me:hunter2 -H "Authorization: Bearer abc1" --token hunter2abc1 --password hunter2 https://x'
    expect(commandWithoutSecrets(['sh', '-c', script], told)).toEqual([
      'sh',
      '-c',
      'curl -u me:*** -H "Authorization: Bearer ${KEY}" --token *** --password *** https://x',
    ])
  })
})

test('what of a command is a secret', () => {
  expect(secretsInCommand(['curl', '-H', 'X-Api-Key: abc', '-u', 'me:def', '--token', 'ghi', 'https://x'])).toEqual(['abc', 'def', 'ghi'])
})
