/** A peer could not be reached: nothing answered at its addresses, or someone else did. */
export class DialError extends Error {
  override name = 'DialError'
}

/** The peer was reached but does not serve our protocol: it is on another network, or a client. */
export class UnsupportedProtocolError extends Error {
  override name = 'UnsupportedProtocolError'
}

/** Something else of this host serves the protocol. */
export class ProtocolTakenError extends Error {
  override name = 'ProtocolTakenError'
}

/** The peer, or the network between us, ended a stream in the middle of things. */
export class StreamResetError extends Error {
  override name = 'StreamResetError'
}

/** The stream died of another request, or of one of several: this one was never answered for, and deserves another. */
export class LostBehindError extends StreamResetError {
  override name = 'LostBehindError'
}

/** No answer within the time given. */
export class TimeoutError extends Error {
  override name = 'TimeoutError'
}

/** The peer broke the protocol: its stream was reset. */
export class ProtocolViolationError extends Error {
  override name = 'ProtocolViolationError'
}

/** A limit on what is open or waiting was reached; named in the message. */
export class LimitError extends Error {
  override name = 'LimitError'
}

/** This host can open no more streams, to whomever, until others are closed. */
export class HostFullError extends LimitError {
  override name = 'HostFullError'
}

/** System errors that say so: of this process, or of the machine. */
const FULL = new Set(['EMFILE', 'ENFILE', 'ENOBUFS'])

/** Is it a system error that says that no more sockets can be opened? */
export function isFull (err: unknown): boolean {
  return err instanceof Error && 'code' in err && FULL.has(String(err.code))
}

/** Whatever was thrown, as an error. */
export function asError (thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
