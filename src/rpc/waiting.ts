import type { TimeoutError } from './errors.ts'
import type { Request, Response } from '../wire/rpc.ts'

/** How an answer is waited for, or that a stream opens and takes what has none: for as long as that may ever take. */
export interface Patience {
  /** Gives the request up; not once `onLate` was called. */
  readonly signal?: AbortSignal
  /**
   * Called when it usually has come about by then, or at once if the peer is late with another
   * already. The request then goes on: whether the peer is slow or dead is worth knowing.
   */
  onLate? (error: TimeoutError): void
}

/** A request that waits for its answer. */
export interface Pending {
  readonly request: Request
  /** When it was handed to the stream, milliseconds since the Unix epoch. */
  readonly since: number
}

/** A frame until the stream has taken it, as its channel keeps it. */
export interface Sending {
  readonly patience: Patience
  reject (err: unknown): void
  /** No longer give it up when its signal is aborted. */
  leave (): void
  /** Its `onLate` was called. */
  late: boolean
}

/** A request until it is answered, as its channel keeps it. */
export interface Waiting extends Pending, Sending {
  /** Bytes of its frame. */
  readonly byteLength: number
  resolve (response: Response): void
  /** Nobody waits for the answer any more; its place in the order remains. */
  abandoned: boolean
  /** How many frames without an answer were sent before it. */
  behind: number
}
