import { equals } from 'uint8arrays/equals'
import type { PeerInfo } from '../../keyspace/contact.ts'

// codes of the multiaddr protocol table, https://github.com/multiformats/multiaddr/blob/master/protocols.csv
/** Varint of 777. The value of `/memory` is text with its length in front, as js-multiaddr has it. */
const MEMORY = [0x89, 0x06]
/** Varint of 421. */
const P2P = [0xa5, 0x03]

/** Digits of the greatest number that an address may hold. */
const MAX_DIGITS = 10
const ZERO = 0x30

/** What a multiaddr of the in-memory network says. */
export interface MemoryAddress {
  /** The `<n>` of `/memory/<n>`. */
  readonly number: number
  /** Who must be there, if it ends in `/p2p/<id>`: a multihash. */
  readonly id?: Uint8Array
}

/** `/memory/<number>`, binary. */
export function encodeAddress (number: number): Uint8Array {
  const digits = Array.from(String(number), digit => ZERO + Number(digit))
  return Uint8Array.from([...MEMORY, digits.length, ...digits])
}

/** Read `/memory/<n>` or `/memory/<n>/p2p/<id>`; undefined for anything else. */
export function decodeAddress (addr: Uint8Array): MemoryAddress | undefined {
  const length = addr[2]
  const end = 3 + length
  if (addr[0] !== MEMORY[0] || addr[1] !== MEMORY[1] || !(length >= 1 && length <= MAX_DIGITS) || end > addr.byteLength) {
    return undefined
  }
  const number = decodeDigits(addr, 3, end)
  if (number == null || end === addr.byteLength) {
    return number == null ? undefined : { number }
  }
  const id = decodePeerId(addr.subarray(end))
  return id == null ? undefined : { number, id }
}

/** The numbers of the hosts in `peer.addrs` that are of this network and name no one else, at most `limit`. */
export function numbersOf (peer: PeerInfo, limit: number): number[] {
  const numbers: number[] = []
  for (const addr of peer.addrs) {
    const address = numbers.length < limit ? decodeAddress(addr) : undefined
    if (address != null && (address.id == null || equals(address.id, peer.id))) {
      numbers.push(address.number)
    }
  }
  return numbers
}

// in place: a view of an array that lies on the heap moves its bytes off it, and addresses are kept for long
function decodeDigits (addr: Uint8Array, start: number, end: number): number | undefined {
  let number = 0
  for (let i = start; i < end; i++) {
    const digit = addr[i] - ZERO
    if (digit < 0 || digit > 9) {
      return undefined
    }
    number = number * 10 + digit
  }
  return number
}

/** The id in `/p2p/<id>`, if that is all there is. Ids of 128 bytes and more do not exist. */
function decodePeerId (bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== P2P[0] || bytes[1] !== P2P[1] || bytes[2] === 0 || bytes[2] !== bytes.byteLength - 3) {
    return undefined
  }
  return bytes.subarray(3)
}
