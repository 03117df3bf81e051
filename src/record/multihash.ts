import { sha256 } from '@noble/hashes/sha2.js'

/** Multihash codes, and bytes of a SHA2-256 digest (multiformats, multicodec table). */
const IDENTITY = 0x00
const SHA2_256 = 0x12
const DIGEST_BYTES = 32

/** Bytes up to which a public key is its own multihash (libp2p specs, peer-ids). */
const MAX_INLINE_KEY_BYTES = 42

/** The SHA2-256 multihash of `bytes`. */
export function sha256MultihashOf (bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(SHA2_256, DIGEST_BYTES, ...sha256(bytes))
}

/** The multihash of the PeerId of whoever holds `publicKey`, libp2p's protobuf of one. */
export function peerMultihashOf (publicKey: Uint8Array): Uint8Array {
  return publicKey.byteLength <= MAX_INLINE_KEY_BYTES ? Uint8Array.of(IDENTITY, publicKey.byteLength, ...publicKey) : sha256MultihashOf(publicKey)
}

/** Is it the multihash of bytes hashed with SHA2-256? */
export function isSha256 (multihash: Uint8Array): boolean {
  return multihash.byteLength === 2 + DIGEST_BYTES && multihash[0] === SHA2_256 && multihash[1] === DIGEST_BYTES
}

/** Has it the form of a PeerId: a SHA2-256, or an inlined public key? */
export function isPeerMultihash (multihash: Uint8Array): boolean {
  const size = multihash.byteLength - 2
  return isSha256(multihash) || (multihash[0] === IDENTITY && multihash[1] === size && size <= MAX_INLINE_KEY_BYTES)
}
