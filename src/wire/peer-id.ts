const SHA2_256 = 0x12
const IDENTITY = 0x00

/** Multihash header of a hashed public key, and what each inlined one starts with: multihash header, then key type and length. */
const HASHED = [SHA2_256, 32]
const ED25519 = [IDENTITY, 36, 0x08, 0x01, 0x12, 32]
const SECP256K1 = [IDENTITY, 37, 0x08, 0x02, 0x12, 33]

/**
 * Are these bytes the multihash of a PeerId: a SHA-256, or an inlined Ed25519 or
 * secp256k1 public key (libp2p specs, peer-ids)?
 */
export function isPeerId (multihash: Uint8Array): boolean {
  return isPeerIdAt(multihash, 0, multihash.byteLength)
}

/** {@link isPeerId} of the bytes from `start` up to `end`. */
export function isPeerIdAt (bytes: Uint8Array, start: number, end: number): boolean {
  switch (end - start) {
    case 34:
      return startsWith(bytes, start, HASHED)
    case 38:
      return startsWith(bytes, start, ED25519)
    case 39:
      // a compressed point: 2 or 3, then its x coordinate
      return startsWith(bytes, start, SECP256K1) && (bytes[start + 6] === 2 || bytes[start + 6] === 3)
    default:
      return false
  }
}

function startsWith (bytes: Uint8Array, start: number, prefix: readonly number[]): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[start + i] !== prefix[i]) {
      return false
    }
  }
  return true
}
