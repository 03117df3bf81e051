import { UsageError } from './errors.ts'

/** What stands in place of bytes that are no UTF-8, or is encoded as if it were that: half a character of UTF-16. */
const NO_TEXT = /[\ufffd\p{Cs}]/u

/**
 * Node.js reads arguments as UTF-8. In another encoding they reach us changed, and those that differ become the same.
 *
 * @param what - what it is, for the message
 * @param text - the argument
 * @param advice - how else it can be given
 * @returns `text`
 * @throws {UsageError} it is not what was written on the command line
 */
export function utf8 (what: string, text: string, advice: string): string {
  if (NO_TEXT.test(text)) {
    throw new UsageError(`${what} is not UTF-8, and would be taken for something else: ${advice}`)
  }
  return text
}
