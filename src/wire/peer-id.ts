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
  switch (multihash.byteLength) {
    case 34:
      return startsWith(multihash, HASHED)
    case 38:
      return startsWith(multihash, ED25519)
    case 39:
      // a compressed point: 2 or 3, then its x coordinate
      return startsWith(multihash, SECP256K1) && (multihash[6] === 2 || multihash[6] === 3)
    default:
      return false
  }
}

function startsWith (bytes: Uint8Array, prefix: readonly number[]): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[i] !== prefix[i]) {
      return false
    }
  }
  return true
}
