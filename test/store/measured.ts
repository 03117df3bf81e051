import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export const MIB = 1024 * 1024

setFlagsFromString('--expose-gc')
const gc: () => void = runInNewContext('gc')

/** Bytes on the heap and beside it once `build` is over, and what it built. */
export async function measured<T> (build: () => Promise<T>): Promise<{ built: T, grown: number }> {
  const used = (): number => {
    gc()
    gc() // memory of buffers is given back beside us; this begins when that is over
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  const built = await build()
  return { built, grown: used() - before }
}
