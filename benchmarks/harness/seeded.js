import { createHash } from 'node:crypto'

/**
 * Bytes that follow from a seed: the same on every machine.
 *
 * @param {number} seed
 * @returns {(size?: number) => Uint8Array} the next bytes, 32 unless told otherwise
 */
export function seededBytes (seed) {
  let count = 0
  return (size = 32) => {
    const parts = []
    for (let length = 0; length < size; length += 32) {
      parts.push(createHash('sha256').update(`${seed}/${count++}`).digest())
    }
    return new Uint8Array(Buffer.concat(parts).subarray(0, size))
  }
}
