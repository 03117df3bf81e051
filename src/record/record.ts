/**
 * A value as it lies in the store and travels on the wire.
 *
 * `key` is raw bytes `/<namespace>/…`; what `value` means is up to the namespace.
 */
export interface ValueRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** When its holder got it: milliseconds since the Unix epoch. Stamped by whoever stores it; of no weight from a stranger. */
  readonly timeReceived?: number | undefined
  /** Milliseconds that it has left to live, when it was sent. Undefined: its holder does not tell, and whoever gets it decides. */
  readonly ttl?: number | undefined
}
