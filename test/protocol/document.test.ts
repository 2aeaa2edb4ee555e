import { describe, expect, test } from 'vitest'
import { readServerMessage } from '../../src/client/server-message.ts'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { closeTable, errorTable } from '../../src/model/errors.ts'
import { causes, freshnessStates } from '../../src/model/freshness.ts'
import { tableSum } from '../../src/model/checksum.ts'
import type { Row } from '../../src/model/row.ts'
import { readClientMessage } from '../../src/protocol/schema.ts'
import { blocks, fingerprint, messageMembers, section, tableRows, text } from '../support/protocol-document.ts'

const client = messageMembers('ClientMessage')
const server = messageMembers('ServerMessage')
const freshness = ['state', 'cause', 'reason', 'since', 'validatedAt', 'asOf', 'every', 'staleAfter', 'next']

function headings(part: string): string[] {
  return [...section(part).matchAll(/^### (\w+)$/gm)].map(([, name]) => name ?? '')
}

const clients = section('## Client to server')
const servers = section('## Server to client')

function example(type: string, half: string): Record<string, unknown> {
  const [json = ''] = blocks(section(`### ${type}`, half), 'json')
  return JSON.parse(json) as Record<string, unknown>
}

test('L9: the shapes of messages have not changed without this document', () => {
  expect(/`([0-9a-z]+)`\. A test keeps it/i.exec(text)?.[1]).toBe(fingerprint())
})

test('every message has a section, and every section is of a message', () => {
  expect(headings('## Client to server').toSorted()).toEqual([...client.keys()].toSorted())
  expect(headings('## Server to client').toSorted()).toEqual([...server.keys()].toSorted())
  expect(client.size + server.size).toBe(24)
})

describe('each message of a client', () => {
  test.each([...client.keys()])('%s: its example is taken as it is, and all its members are told of', type => {
    const message = example(type, clients)
    expect(message['type']).toBe(type)
    expect(readClientMessage(message)).toEqual(message)
    for (const member of client.get(type) ?? []) expect(section(`### ${type}`, clients)).toContain(`\`${member}\``)
  })
})

describe('each message of a server', () => {
  test.each([...server.keys()])('%s: its example is read by the SDK, and all its members are told of', type => {
    const message = example(type, servers)
    expect(readServerMessage(JSON.stringify(message))).toEqual({ kind: 'message', message })
    const known = [...(server.get(type) ?? []), ...(type === 'status' ? freshness : [])]
    expect(['type', ...known]).toEqual(expect.arrayContaining(Object.keys(message)))
    for (const member of known) expect(section(`### ${type}`, servers)).toContain(`\`${member}\``)
  })
})

test('the states and causes are those of the code', () => {
  const status = section('### status')
  for (const state of freshnessStates) expect(status).toContain(`\`${state}\``)
  const listed = /one of ([\w,\s]+);/.exec(status)?.[1]?.split(/,\s+/)
  expect(listed).toEqual([...causes])
})

test('L9: the table of errors is that of the code', () => {
  const rows = Object.entries(errorTable).map(([code, { retry, meaning }]) => [code, retry ? 'yes' : 'no', meaning])
  expect(tableRows(section('## Errors'))).toEqual(rows)
})

test('L9: the table of close codes is that of the code', () => {
  const rows = Object.entries(closeTable).map(([code, { reconnect, meaning }]) => [code, reconnect, meaning])
  expect(tableRows(section('## Close codes'))).toEqual(rows)
})

test('the limits are those in force', () => {
  const { limits } = jsonSchema()['properties'] as { limits: { properties: Record<string, { default?: unknown }> } }
  const rows = tableRows(section('## Limits'))
  expect(rows.length).toBeGreaterThan(5)
  for (const [name = '', value] of rows) expect([name, value]).toEqual([name, String(limits.properties[name]?.default)])
})

test('the table to try the sum with has the sum that is told', () => {
  const { columns, rows } = JSON.parse(blocks(section('## The sum'), 'json')[0] ?? '') as { columns: string[]; rows: Row[] }
  const sum = tableSum('id', columns, new Map(rows.map(row => [row['id'] as string, row])))
  expect(section('## The sum')).toContain(`its sum is \`${sum}\``)
  expect(sum).toBe('8293a8617a92a4cc')
})

test('is plain: no line is wider than 150 characters but in code and tables', () => {
  const prose = text
    .replace(/^```[\s\S]*?^```$/gm, '')
    .split('\n')
    .filter(line => !line.startsWith('|'))
  expect(prose.filter(line => line.length > 150)).toEqual([])
})
