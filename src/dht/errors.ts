import { InvalidRecordError } from '../record/invalid-record.ts'

/** An option makes no sense; the message names it, what it was and what it may be. */
export class InvalidOptionError extends Error {
  override name = 'InvalidOptionError'
}

/** No peer holds a live value at the key. */
export class ValueNotFoundError extends Error {
  override name = 'ValueNotFoundError'
}

/** An operation needs peers, and none is known or none answered. */
export class NoPeersError extends Error {
  override name = 'NoPeersError'
}

/** We cannot be provider of anything: no address of ours may be told to others. */
export class NoAddressError extends Error {
  override name = 'NoAddressError'
}

/** The node is not running: it was not started, or was stopped. */
export class NotStartedError extends Error {
  override name = 'NotStartedError'
}

/** A better record is kept at the key: the newer one stays. */
export class OutdatedRecordError extends InvalidRecordError {
  override name = 'OutdatedRecordError'
}
