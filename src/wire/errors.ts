/** The peer sent bytes that are no legal frame, request or answer; the message says what was wrong. Its stream is to be reset. */
export class InvalidMessageError extends Error {
  override name = 'InvalidMessageError'
}
