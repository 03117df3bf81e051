import { allocUnsafe } from 'uint8arrays/alloc'
import { MAX_ANSWER_BYTES } from './limits.ts'
import { fitPeers, listsLength, peerLength } from './peer-lists.ts'
import type { PeerLists } from './peer-lists.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** Tags of the fields written here: field number and wire type 2, which is bytes. */
const ID_TAG = 1 << 3 | 2
const ADDR_TAG = 2 << 3 | 2
const CLOSER_TAG = 8 << 3 | 2
const PROVIDER_TAG = 9 << 3 | 2

/**
 * The message `head` with the fields of `lists` behind it: as many addresses and peers
 * as keep it below {@link MAX_ANSWER_BYTES}. A head that alone is larger (it carries a
 * value) goes all the same, its peers having the room of a message of their own.
 *
 * Peers are most of what we send: they are written straight into the message.
 */
export function appendPeers (head: Uint8Array, lists: PeerLists): Uint8Array {
  const room = MAX_ANSWER_BYTES - 1 - (head.byteLength < MAX_ANSWER_BYTES ? head.byteLength : 0)
  const length = listsLength(lists)
  const fitting = length <= room ? lists : fitPeers(lists, room)
  const out = allocUnsafe(head.byteLength + (fitting === lists ? length : listsLength(fitting))) // every byte is written below
  out.set(head)
  const position = writePeers(out, head.byteLength, CLOSER_TAG, fitting.closer)
  writePeers(out, position, PROVIDER_TAG, fitting.providers)
  return out
}

function writePeers (out: Uint8Array, position: number, tag: number, peers: readonly PeerInfo[]): number {
  let at = position
  for (const { id, addrs } of peers) {
    at = writeHeader(out, at, tag, peerLength(id, addrs))
    at = writeBytes(out, at, ID_TAG, id)
    for (const addr of addrs) {
      at = writeBytes(out, at, ADDR_TAG, addr)
    }
  }
  return at
}

function writeBytes (out: Uint8Array, position: number, tag: number, bytes: Uint8Array): number {
  const at = writeHeader(out, position, tag, bytes.byteLength)
  out.set(bytes, at)
  return at + bytes.byteLength
}

function writeHeader (out: Uint8Array, position: number, tag: number, length: number): number {
  out[position] = tag
  let at = position + 1
  let rest = length
  while (rest >= 0x80) {
    out[at++] = rest & 0x7f | 0x80
    rest >>>= 7
  }
  out[at] = rest
  return at + 1
}
