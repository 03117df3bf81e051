import { allocUnsafe } from 'uint8arrays/alloc'
import { MAX_ANSWER_BYTES, MAX_SHARED_BUFFER_BYTES } from './limits.ts'
import { viewOf } from './view.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Where the next copy goes, and how much of it is taken. Memory for each frame of its own would cost more than all the rest of reading it. */
let shared = new Uint8Array(0)
let taken = 0

/**
 * The bytes of a frame in one piece. Peers that are kept share its memory, so it is
 * copied when it lies in a buffer much larger than itself, as sockets have them; from
 * frames that are large themselves each peer is copied when it is read.
 *
 * Copies of several frames share one buffer, of {@link MAX_SHARED_BUFFER_BYTES}.
 */
export function detached (frame: Uint8Array | Uint8ArrayList): Uint8Array {
  const bytes = frame instanceof Uint8Array ? frame : frame.subarray()
  return bytes.buffer.byteLength > MAX_SHARED_BUFFER_BYTES && bytes.byteLength <= MAX_ANSWER_BYTES ? copyOf(bytes) : bytes
}

function copyOf (bytes: Uint8Array): Uint8Array {
  const { byteLength } = bytes
  if (taken + byteLength > shared.byteLength) {
    shared = allocUnsafe(MAX_SHARED_BUFFER_BYTES) // only what has been written is ever looked at
    taken = 0
  }
  shared.set(bytes, taken)
  taken += byteLength
  return viewOf(shared, taken - byteLength, taken)
}
