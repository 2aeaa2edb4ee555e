/** The state folder cannot be used; the message is a sentence with the mend. */
export class StateError extends Error {
  override readonly name = 'StateError'
}
