const DAY_MS = 86_400_000
const MAX_YEAR = 9999
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
const PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/

/** Characters of the longest timestamp, with nanoseconds. */
const MAX_LENGTH = 30

/**
 * Milliseconds since the Unix epoch as RFC 3339 with nanoseconds, UTC; empty when it
 * cannot be written so: before the year 0 or after 9999.
 */
export function formatTimestamp (ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const year = yearOf(days)
  if (!(year >= 0 && year <= MAX_YEAR)) {
    return ''
  }
  const dayOfYear = days - firstDay(year)
  const month = monthOf(year, dayOfYear)
  const day = dayOfYear - daysBefore(year, month) + 1
  const time = Math.floor(ms) - days * DAY_MS
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`
  const seconds = Math.floor(time / 1000)
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(n => digits(n, 2)).join(':')
  return `${date}T${clock}.${digits(time % 1000, 3)}000000Z`
}

/** What {@link formatTimestamp} and go write, as milliseconds since the Unix epoch; undefined for anything else. */
export function parseTimestamp (text: string): number | undefined {
  const match = text.length > MAX_LENGTH ? null : PATTERN.exec(text)
  if (match == null) {
    return undefined
  }
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number)
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) {
    return undefined
  }
  if (day < 1 || day > daysIn(year, month)) {
    return undefined
  }
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const days = firstDay(year) + daysBefore(year, month) + day - 1
  return days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
}

function isLeap (year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Days from 1970-01-01 to the first of January of `year` (Gregorian, from the year 0 on). */
function firstDay (year: number): number {
  return year * 365 + Math.ceil(year / 4) - Math.ceil(year / 100) + Math.ceil(year / 400) - 719_528
}

function yearOf (days: number): number {
  const guess = Math.floor(days / 365.2425) + 1970
  if (days < firstDay(guess)) {
    return guess - 1
  }
  return days < firstDay(guess + 1) ? guess : guess + 1
}

/** Days of `year` before the first of `month`, 1 … 12. */
function daysBefore (year: number, month: number): number {
  return DAYS_BEFORE_MONTH[month - 1] + (month > 2 && isLeap(year) ? 1 : 0)
}

function daysIn (year: number, month: number): number {
  return month === 12 ? 31 : daysBefore(year, month + 1) - daysBefore(year, month)
}

function monthOf (year: number, dayOfYear: number): number {
  let month = 12
  while (daysBefore(year, month) > dayOfYear) {
    month--
  }
  return month
}

function digits (n: number, width: number): string {
  return String(n).padStart(width, '0')
}
