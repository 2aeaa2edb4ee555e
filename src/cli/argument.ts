import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../lib/unit.ts'

/** What arguments of commands are read by: each throws `InvalidArgumentError`, which commander tells with the name of the option. */

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed')
  return Number(text)
}

export function portNumber(text: string): number {
  const port = wholeNumber(text)
  if (port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535')
  return port
}

export function countFromOne(text: string): number {
  const count = wholeNumber(text)
  if (count === 0) throw new InvalidArgumentError('a whole number from 1 is needed')
  return count
}

export function positiveNumber(text: string): number {
  const number = Number(text)
  if (!(number > 0 && number <= 1e6)) throw new InvalidArgumentError('a number above 0, at most 1000000, is needed')
  return number
}

export function durationText(text: string): string {
  if (parseDuration(text) === undefined) throw new InvalidArgumentError('a time with a unit such as 2h is needed')
  return text
}

export function instantText(text: string): string {
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('a time such as 2026-01-31T08:00:00Z is needed')
  return text
}

/** The address of a server: http, https, ws or wss. */
export function serverAddress(text: string): string {
  if (/^(https?|wss?):\/\//i.test(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('an address such as http://127.0.0.1:8080 is needed')
}
