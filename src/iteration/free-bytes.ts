/**
 * Give the memory of `bytes` back at once, if it holds nothing else. Nobody may read them any more.
 *
 * V8 collects all garbage whenever buffers have grown by some 64 MiB, dead or not: where large values pass through, most of their
 * time is spent on that. What Node.js 20 has no means to give back, and what lies beside other bytes or is shared with other threads, is left to the collector.
 */
export function freeBytes ({ buffer, byteLength }: Uint8Array): void {
  if (buffer.byteLength === byteLength && 'transfer' in buffer) {
    buffer.transfer(0)
  }
}
