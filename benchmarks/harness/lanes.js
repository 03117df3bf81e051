/**
 * Run `tasks`, so many at once, each as soon as another is done.
 *
 * @template T
 * @param {number} atOnce
 * @param {Array<() => Promise<T>>} tasks
 * @returns {Promise<T[]>} in the order of the tasks
 */
export async function inLanes (atOnce, tasks) {
  const results = []
  const waiting = tasks.entries()
  const lane = async () => {
    for (const [i, task] of waiting) {
      results[i] = await task()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}
