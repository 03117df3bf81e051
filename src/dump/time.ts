import { formatTimestamp } from '../wire/timestamp.ts'

/** The last millisecond that RFC 3339 can name, 9999-12-31T23:59:59.999Z. A life may be set to end later. */
const LAST_MS = 253_402_300_799_999

/** Milliseconds since the Unix epoch as RFC 3339, UTC. */
export function timeText (ms: number): string {
  return formatTimestamp(Math.min(ms, LAST_MS))
}
