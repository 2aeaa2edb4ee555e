import type { CloseCode } from '../model/errors.ts'

/** What the protocol needs of a socket; `websocket-transport.ts` binds it to `ws`. */
export interface Transport {
  /** Whose it is: the address at the other end, or the one that a trusted proxy forwards; empty where it is gone. */
  readonly peer: string
  /** One text frame. */
  send(frame: Buffer): void
  /** Several text frames in one write. */
  sendAll(frames: readonly Buffer[]): void
  ping(payload: Buffer): void
  /** Reads nothing more of it until `resume`, but for what was read already. */
  pause(): void
  resume(): void
  /** Begins the closing handshake; `reason` at most 123 bytes. */
  close(code: CloseCode, reason: string): void
  /** Drops the socket at once. */
  terminate(): void
}
