import * as varint from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { usableAddrs } from '../wire/address.ts'
import { decodeResponse, encodeResponse } from '../wire/codec.ts'
import { MAX_ADDRS_BYTES } from './limits.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** Peers are read as those of an answer to this. */
const REQUEST = { type: 'find-node', target: new Uint8Array(1) } as const

/** A peer with those of its addresses that are kept: the first usable ones that take at most {@link MAX_ADDRS_BYTES}. They are copies. */
export function savable ({ id, addrs }: PeerInfo): PeerInfo {
  let room = MAX_ADDRS_BYTES
  const usable = usableAddrs(addrs, { peer: id, scope: 'any' })
  const end = usable.findIndex(({ byteLength }) => {
    room -= byteLength
    return room < 0
  })
  return { id, addrs: end === -1 ? usable : usable.slice(0, end) }
}

/**
 * Any number of {@link savable} peers as bytes: a FIND_NODE answer for each, behind its length
 * as a varint, so that reading them checks them as closely as what comes over the wire.
 */
export function encodePeers (peers: readonly PeerInfo[]): Uint8Array {
  return concat(peers.flatMap(peer => {
    const frame = encodeResponse({ type: 'find-node', closer: [peer] })
    return [varint.encode(frame.byteLength), frame]
  }))
}

/**
 * The peers in what {@link encodePeers} wrote.
 *
 * @throws {RangeError} a length is none, or past the end
 * @throws {InvalidMessageError} a frame is no answer
 */
export function decodePeers (bytes: Uint8Array): PeerInfo[] {
  const peers: PeerInfo[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const length = varint.decode(bytes, at)
    const start = at + varint.encodingLength(length)
    at = start + length
    if (at > bytes.byteLength) {
      throw new RangeError('a list of peers is cut off')
    }
    const { closer } = decodeResponse(bytes.subarray(start, at), REQUEST)
    peers.push(...closer.map(peer => savable({ id: peer.id.slice(), addrs: peer.addrs })))
  }
  return peers
}
