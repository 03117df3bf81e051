/** So many are run between two looks at the clock, which then costs next to nothing. */
const MAX_BATCH = 64

/**
 * How often a synchronous operation can be done in a second: it is run for `ms` milliseconds, and at
 * least once. Batches grow from one operation, so that slow ones do not run for longer.
 *
 * @param {(count: number) => unknown} operation - is given how many were run before it
 * @param {number} ms
 */
export function opsPerSecond (operation, ms) {
  const begun = performance.now()
  let count = 0
  let elapsed = 0
  for (let batch = 1; elapsed < ms; batch = elapsed * MAX_BATCH < ms ? Math.min(2 * batch, MAX_BATCH) : batch) {
    for (let i = 0; i < batch; i++) {
      kept = operation(count++)
    }
    elapsed = performance.now() - begun
  }
  return count * 1_000 / elapsed
}

/** The last result, where everybody could see it: an operation whose result nobody sees may be left out by the engine. */
export let kept
