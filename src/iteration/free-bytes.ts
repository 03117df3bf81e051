/**
 * Give the memory of `bytes` back at once, if it holds nothing else. Nobody may read them any more.
 *
 * V8 collects all garbage whenever buffers have grown by some 64 MiB, dead or not: where large values pass through, most of their
 * time is spent on that. What Node.js 20 has no means to give back, and what lies in memory beside others, is left to the collector.
 */
export function freeBytes ({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    buffer.transfer?.(0)
  }
}
