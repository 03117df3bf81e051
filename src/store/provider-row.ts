import * as varint from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { bytesEqual } from '../wire/bytes-equal.ts'
import { isTimestamp } from '../wire/timestamp.ts'
import { CorruptRowError } from './errors.ts'
import { decodePeers, encodePeers } from './saved-peers.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** Where a provider was, and when it said so. */
export interface KnownAddrs {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly addrs: readonly Uint8Array[]
}

/** The row of a provider record, as `@libp2p/kad-dht` writes it: when it was written, milliseconds since the Unix epoch, as a varint. */
export function encodeProviderRow (added: number): Uint8Array {
  return varint.encode(added)
}

/** @throws {CorruptRowError} the row is no time */
export function decodeProviderRow (row: Uint8Array): number {
  const { time, end } = readTime(row)
  if (end !== row.byteLength) {
    throw new CorruptRowError('there is more behind its time')
  }
  return time
}

/** The row of a provider's addresses: when it told them, as a varint, then itself. */
export function encodeAddrsRow (time: number, peer: PeerInfo): Uint8Array {
  return concat([varint.encode(time), encodePeers([peer])])
}

/** @throws {CorruptRowError} the row is none, or of another peer than `id` */
export function decodeAddrsRow (row: Uint8Array, id: Uint8Array): KnownAddrs {
  const { time, end } = readTime(row)
  const [peer] = attempt(() => decodePeers(row.subarray(end)))
  if (peer == null || !bytesEqual(peer.id, id)) {
    throw new CorruptRowError('it is about another peer')
  }
  return { time, addrs: peer.addrs }
}

function readTime (row: Uint8Array): { time: number, end: number } {
  const time = attempt(() => varint.decode(row))
  if (!isTimestamp(time)) { // from after the year 9999: that is from no clock
    throw new CorruptRowError('its time is no time')
  }
  return { time, end: varint.encodingLength(time) }
}

function attempt<T> (read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new CorruptRowError('it cannot be decoded', { cause })
  }
}
