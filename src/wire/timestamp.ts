/** The first millisecond of the year 0 and the last of the year 9999, which is as far as RFC 3339 goes. */
const FIRST_MS = -62_167_219_200_000
const LAST_MS = 253_402_300_799_999

const PATTERN = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/

/**
 * Milliseconds since the Unix epoch as RFC 3339 with nanoseconds, UTC; empty when it
 * cannot be written so: before the year 0 or after 9999.
 */
export function formatTimestamp (ms: number): string {
  return ms >= FIRST_MS && ms <= LAST_MS ? new Date(Math.floor(ms)).toISOString().replace('Z', '000000Z') : ''
}

/** What {@link formatTimestamp}, go and js write, as milliseconds since the Unix epoch; undefined for anything else. */
export function parseTimestamp (text: string): number | undefined {
  const match = PATTERN.exec(text)
  if (match == null) {
    return undefined
  }
  const milliseconds = `${match[1]}.${(match[2] ?? '').padEnd(3, '0').slice(0, 3)}`
  const ms = Date.parse(`${milliseconds}Z`)
  // a 30th of February is taken for a day in March
  return formatTimestamp(ms) === `${milliseconds}000000Z` ? ms : undefined
}
