/** Values under way under different names: that many there are. */
const NAMES = 8

/**
 * Values of one size through one connection, one after the other.
 *
 * @param {object} init
 * @param {'kadmium' | 'copy'} init.subject - a module beside this one
 * @param {number} init.size - bytes of a value
 * @param {number} init.seed
 */
export async function create ({ subject, size, seed }) {
  const { open } = await import(`./${subject}.js`)
  const calls = await open({ size, seed })
  let count = 0
  const value = () => {
    const bytes = new Uint8Array(size).fill(count)
    bytes[0] = count++
    return bytes
  }
  const moves = subject === 'copy'
    ? { there: async () => calls.there(value()), thereAndBack: async () => calls.thereAndBack(value()), back: async () => calls.back() }
    : { put: async n => calls.put(`value ${n % NAMES}`, value()), get: async n => check(await calls.get(`value ${n % NAMES}`), size) }
  return {
    // so many MiB of values a second, for `ms` milliseconds
    async rate ({ move, ms }) {
      const begun = performance.now()
      let elapsed = 0
      let moved = 0
      do {
        await moves[move](moved++)
        elapsed = performance.now() - begun
      } while (elapsed < ms || moved < NAMES)
      return moved * size / 2 ** 20 / (elapsed / 1_000)
    }
  }
}

function check (value, size) {
  if (value?.byteLength !== size || value[size - 1] !== value[size >> 1]) {
    throw new Error('another value came back')
  }
}
