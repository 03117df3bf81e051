/** A record that its namespace does not accept: unknown, malformed, not signed by the right key, from the future; the message says which. */
export class InvalidRecordError extends Error {
  override name = 'InvalidRecordError'
}

/** A value larger than is kept. Store less under the key, or configure a larger cap on every node of the network. */
export class ValueTooLargeError extends InvalidRecordError {
  override name = 'ValueTooLargeError'
}
