/** Bytes that are asked for at once. */
const POOL_BYTES = 1024

let pool = new Uint8Array(0)

/**
 * `n` cryptographically strong random bytes, at most 64 KiB. They come from a supply of them,
 * each byte once: to ask for two takes longer than to note that a value is kept.
 */
export function randomBytes (n: number): Uint8Array {
  if (n > pool.byteLength) {
    pool = crypto.getRandomValues(new Uint8Array(Math.max(n, POOL_BYTES)))
  }
  const bytes = pool.slice(0, n)
  pool = pool.subarray(n)
  return bytes
}
