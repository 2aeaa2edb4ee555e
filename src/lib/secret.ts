import { createHash, randomBytes } from 'node:crypto'

const secretBytes = 32

/** A text that nobody can guess: 43 characters of base64url. Not from the seeded chance of tests, which somebody could. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url')
}

/** Of equal length whatever the text, so that comparing two of them tells nothing of where the texts differ. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
