/**
 * Bytes of the heap and outside of it that are in use, after the garbage is gone. Needs `--expose-gc`.
 */
export async function memoryInUse () {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    // what finalizers and closing handles hold goes in a later turn
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
