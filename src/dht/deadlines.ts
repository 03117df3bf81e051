/**
 * How long an operation may take unless told otherwise, in milliseconds. Single
 * requests fail when it passes; lookups end with what they have. And how long a
 * lookup waits for one peer before it asks another beside it.
 */

/** One request to one node: to open a stream and to be answered, each with a deadline of its own, fit in. */
export const REQUEST_DEADLINE_MS = 20_000

/** A lookup: some ten hops at the slowest. */
export const LOOKUP_DEADLINE_MS = 60_000

/** Getting a value: a lookup whose answers may be large. */
export const GET_DEADLINE_MS = 120_000

/** Putting a value: a lookup, and k transfers of the value. */
export const PUT_DEADLINE_MS = 180_000

/** Providing: a lookup, and k messages. */
export const PROVIDE_DEADLINE_MS = 120_000

/** Joining: one lookup for each bucket to fill. */
export const JOIN_DEADLINE_MS = 180_000

/** Milliseconds below which no peer counts as slow: asking another beside it would only cost. */
const MIN_SLOW_MS = 20

/** A peer is slow that takes so many times as long as is usual: few are, where round trips differ by a half. */
const SLOW_FACTOR = 1.75

/** Milliseconds after which a lookup asks another beside a peer that was expected to answer within `expected`. */
export function slowAfter (expected: number): number {
  return Math.max(MIN_SLOW_MS, SLOW_FACTOR * expected)
}
