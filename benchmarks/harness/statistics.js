/**
 * The middle one; of an even number, the upper of the two in the middle.
 *
 * @param values
 */
export function median (values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

/**
 * The value below which `share` of them lie.
 *
 * @param {number[]} values
 * @param {number} share - 0 to 1
 */
export function quantile (values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

/**
 * Let each of `subjects` have its turn, round by round, so that a machine that is slower for a while is
 * so for all of them.
 *
 * @param {number} rounds
 * @param {string[]} subjects
 * @param {(subject: string, round: number) => Promise<object>} measure
 * @returns {Promise<Record<string, object[]>>} what was measured of each, a round an element
 */
export async function inTurns (rounds, subjects, measure) {
  const results = Object.fromEntries(subjects.map(subject => [subject, []]))
  for (let round = 0; round < rounds; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      results[subject].push(await measure(subject, round))
    }
  }
  return results
}
