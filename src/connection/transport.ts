import type { CloseCode } from '../model/errors.ts'

/** What the protocol needs of a socket; `websocket-transport.ts` binds it to `ws`. */
export interface Transport {
  /** The address at the other end; empty where it is gone. */
  readonly peer: string
  /** One text frame. */
  send(frame: Buffer): void
  /** Several text frames in one write. */
  sendAll(frames: readonly Buffer[]): void
  ping(payload: Buffer): void
  /** Begins the closing handshake; `reason` at most 123 bytes. */
  close(code: CloseCode, reason: string): void
  /** Drops the socket at once. */
  terminate(): void
}
