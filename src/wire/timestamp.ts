/** The first millisecond of the year 0 and the last of the year 9999, which is as far as RFC 3339 goes. */
const FIRST_MS = -62_167_219_200_000
const LAST_MS = 253_402_300_799_999

const PATTERN = /^(\d{4}-\d\d-(\d\d)T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/

/** Characters of the longest time that {@link PATTERN} takes. */
const MAX_LENGTH = '0000-00-00T00:00:00.000000000Z'.length

/** Can {@link formatTimestamp} write it? */
export function isTimestamp (ms: number): boolean {
  return ms >= FIRST_MS && ms <= LAST_MS
}

/**
 * Milliseconds since the Unix epoch as RFC 3339 with nanoseconds, UTC; empty when it
 * cannot be written so: before the year 0 or after 9999.
 */
export function formatTimestamp (ms: number): string {
  return isTimestamp(ms) ? new Date(Math.floor(ms)).toISOString().replace('Z', '000000Z') : ''
}

/** What {@link formatTimestamp}, go and js write, as milliseconds since the Unix epoch; undefined for anything else. */
export function parseTimestamp (text: string): number | undefined {
  const match = PATTERN.exec(text)
  if (match == null) {
    return undefined
  }
  const [, seconds, day, fraction = ''] = match
  const ms = Date.parse(`${seconds}Z`) + Number(fraction.slice(0, 3).padEnd(3, '0'))
  // a 30th of February is taken for a day in March, and the 24th hour for the next day
  return new Date(ms).getUTCDate() === Number(day) ? ms : undefined
}

/** {@link parseTimestamp} of a text in bytes. */
export function readTimestamp (bytes: Uint8Array): number | undefined {
  return bytes.byteLength > MAX_LENGTH ? undefined : parseTimestamp(String.fromCharCode(...bytes)) // all that it takes is ASCII
}
