import type { TimeoutError } from './errors.ts'
import type { Request, Response } from '../wire/rpc.ts'

/** How an answer is waited for: for as long as any may take. */
export interface Patience {
  /** Gives the request up; not once `onLate` was called. */
  readonly signal?: AbortSignal
  /**
   * Called when answers usually have come by then, or at once if the peer is late with another
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

/** The same, as its channel keeps it. */
export interface Waiting extends Pending {
  /** Bytes of its frame. */
  readonly byteLength: number
  readonly patience: Patience
  resolve (response: Response): void
  reject (err: unknown): void
  /** No longer give it up when its signal is aborted. */
  leave (): void
  /** Nobody waits for the answer any more; its place in the order remains. */
  abandoned: boolean
  /** Its `onLate` was called. */
  late: boolean
}
