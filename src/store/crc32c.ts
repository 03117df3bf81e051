/** The polynomial of Castagnoli, reversed. */
const POLYNOMIAL = 0x82f63b78

/** Bytes taken at once. */
const SLICES = 8

/** What each value of a byte does to the checksum, with 0 to 7 bytes behind it. */
const TABLE = makeTable()

/**
 * CRC-32C (RFC 3720, appendix B.4), as an unsigned number. It misses no change of up to
 * 32 bits in a row, and one in 2^32 of all others.
 *
 * @param bytes - what is checked
 * @param before - the checksum of what comes before `bytes`, to go on from
 */
export function crc32c (bytes: Uint8Array, before = 0): number {
  const length = bytes.byteLength
  let crc = ~before
  let at = 0
  for (; at + SLICES <= length; at += SLICES) {
    crc ^= bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24
    crc = TABLE[7 * 256 + (crc & 255)] ^ TABLE[6 * 256 + (crc >>> 8 & 255)] ^
      TABLE[5 * 256 + (crc >>> 16 & 255)] ^ TABLE[4 * 256 + (crc >>> 24)] ^
      TABLE[3 * 256 + bytes[at + 4]] ^ TABLE[2 * 256 + bytes[at + 5]] ^
      TABLE[256 + bytes[at + 6]] ^ TABLE[bytes[at + 7]]
  }
  for (; at < length; at++) {
    crc = TABLE[(crc ^ bytes[at]) & 255] ^ crc >>> 8
  }
  return ~crc >>> 0
}

function makeTable (): Int32Array {
  const table = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1
    }
    table[byte] = crc
  }
  for (let i = 256; i < table.length; i++) {
    table[i] = table[i - 256] >>> 8 ^ table[table[i - 256] & 255]
  }
  return table
}
