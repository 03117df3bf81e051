/**
 * A line of what was asked for.
 *
 * @param {string} text
 */
export function print (text) {
  process.stdout.write(`${text}\n`)
}

/**
 * A line about how it goes, apart from that.
 *
 * @param {string} text
 */
export function note (text) {
  process.stderr.write(`${text}\n`)
}
