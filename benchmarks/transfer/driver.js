/** Values under way under different names: that many there are. */
const NAMES = 8

/**
 * Values through one connection, one after the other.
 *
 * @param {object} init
 * @param {'kadmium' | 'copy'} init.subject - a module beside this one
 * @param {number} init.seed
 */
export async function create ({ subject, seed }) {
  const { open } = await import(`./${subject}.js`)
  const calls = await open({ seed })
  let count = 0
  const value = size => {
    const bytes = new Uint8Array(size).fill(count)
    bytes[0] = count++
    return bytes
  }
  const moves = subject === 'copy'
    ? { there: async (n, size) => calls.there(value(size)), thereAndBack: async (n, size) => calls.thereAndBack(value(size)), back: async (n, size) => calls.back(size) }
    : { put: async (n, size) => calls.put(`value ${n % NAMES}`, value(size)), get: async (n, size) => check(await calls.get(`value ${n % NAMES}`), size) }
  return {
    // so many MiB of values of `size` bytes a second, for `ms` milliseconds
    async rate ({ move, size, ms }) {
      const begun = performance.now()
      let elapsed = 0
      let moved = 0
      do {
        await moves[move](moved++, size)
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
