import type { ValueRecord } from '../record/record.ts'

/** When a value of ours is to be sent out again. */
export interface PublicationTimes {
  /** The record key. */
  readonly key: Uint8Array
  /** When it was sent out last: milliseconds since the Unix epoch. */
  readonly published: number
  /** Milliseconds that it lives from then on. */
  readonly life: number
}

/** A value that we keep alive: sealed and signed, as it is sent. */
export interface Publication extends PublicationTimes, ValueRecord {}

/** The publisher's list: the values that we keep alive, until we are told to no more. Nothing in it expires, and nothing gives way. */
export interface PublicationStore {
  /** The one of a record key. */
  get (key: Uint8Array): Promise<Publication | undefined>
  /** Add it, in place of the one of the same key. */
  put (publication: Publication): Promise<void>
  /** Harmless if there is none. */
  delete (key: Uint8Array): Promise<void>
  /** The whole list, without the values, in no given order. */
  times (): Iterable<PublicationTimes>
}
