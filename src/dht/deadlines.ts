/**
 * How long an operation may take unless told otherwise, in milliseconds. Single
 * requests fail when it passes; lookups end with what they have.
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
