import { Uint8ArrayList } from 'uint8arraylist'
import { allocUnsafe } from 'uint8arrays/alloc'
import { fieldLength, writeBytes, writeHeader } from './field-writer.ts'
import { LARGE_VALUE_BYTES, MAX_ANSWER_BYTES } from './limits.ts'
import { MESSAGE_TYPES } from './message-types.ts'
import { fitPeers, listsLength, PEER_ADDR_TAG, PEER_ID_TAG, peerLength } from './peer-lists.ts'
import { viewOf } from './view.ts'
import type { Frame } from './frame.ts'
import type { MessageType } from './message.ts'
import type { PeerLists } from './peer-lists.ts'
import type { RecordParts } from './wire-record.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Whereabouts } from '../keyspace/whereabouts.ts'

/** Tags of the fields written here: field number and wire type, 0 being a varint, 2 bytes. */
const TYPE_TAG = 1 << 3
const KEY_TAG = 2 << 3 | 2
const RECORD_TAG = 3 << 3 | 2
const CLOSER_TAG = 8 << 3 | 2
const PROVIDER_TAG = 9 << 3 | 2

/** What a message may have beside its type. */
export interface MessageFields {
  readonly key?: Uint8Array
  readonly record?: RecordParts
  readonly closer?: readonly PeerInfo[]
  readonly providers?: readonly PeerInfo[]
}

const NOBODY: readonly PeerInfo[] = []

/**
 * Where all but large messages are put together: how long they are is known when they are written.
 * Whoever writes takes it away meanwhile, since to read the addresses of a peer may run code of the user's.
 */
let free: Uint8Array | undefined

/**
 * A message as bytes, fields in the order of their numbers. Of peers it has as many, and
 * as many of their addresses, as keep it below {@link MAX_ANSWER_BYTES}. If it is larger without
 * any (it carries a value) it goes all the same, its peers having the room of a message of their own.
 *
 * Peers are most of what we send: all is written straight into its place. A value of {@link LARGE_VALUE_BYTES}
 * or more is not written at all: what comes back has it as it was given.
 */
export function encodeMessage (type: MessageType, { key, record, closer = NOBODY, providers = NOBODY }: MessageFields): Frame {
  const number = MESSAGE_TYPES.indexOf(type)
  const lists = { closer, providers }
  const head = headLength(number, key, record)
  if (head >= MAX_ANSWER_BYTES) {
    return encodeLarge(number, key, record, fitting(lists, MAX_ANSWER_BYTES - 1))
  }
  const scratch = free ?? new Uint8Array(MAX_ANSWER_BYTES)
  free = undefined
  const start = writeHead(scratch, number, key, record)
  const end = writeLists(scratch, start, lists, MAX_ANSWER_BYTES - 1) ??
    writeLists(scratch, start, fitPeers(lists, MAX_ANSWER_BYTES - 1 - head), MAX_ANSWER_BYTES - 1) ?? start
  const out = allocUnsafe(end)
  out.set(viewOf(scratch, 0, end))
  free = scratch
  return out
}

function encodeLarge (type: number, key: Uint8Array | undefined, record: RecordParts | undefined, lists: PeerLists): Frame {
  const large = record != null && record.value.byteLength >= LARGE_VALUE_BYTES ? record.value : undefined
  const length = headLength(type, key, record) + listsLength(lists) - (large?.byteLength ?? 0)
  const out = allocUnsafe(length) // every byte is written below
  const start = writeHead(out, type, key, record)
  writeLists(out, start, lists, length)
  if (record == null || large == null) {
    return out
  }
  const valueAt = start - record.tail.byteLength
  return Uint8ArrayList.fromUint8Arrays([out.subarray(0, valueAt), large, out.subarray(valueAt)], length + large.byteLength)
}

/** Write what comes before the peers, but for a large value; returns the position behind it. */
function writeHead (out: Uint8Array, type: number, key: Uint8Array | undefined, record: RecordParts | undefined): number {
  let at = type === 0 ? 0 : writeHeader(out, 0, TYPE_TAG, type)
  if (key != null && key.byteLength > 0) {
    at = writeBytes(out, at, KEY_TAG, key)
  }
  if (record != null) {
    at = copyTo(out, writeHeader(out, at, RECORD_TAG, record.byteLength), record.head)
    at = record.value.byteLength >= LARGE_VALUE_BYTES ? at : copyTo(out, at, record.value)
    at = copyTo(out, at, record.tail)
  }
  return at
}

/** Write `bytes` at `position`; returns the position behind them. */
function copyTo (out: Uint8Array, position: number, bytes: Uint8Array): number {
  out.set(bytes, position)
  return position + bytes.byteLength
}

/** Bytes of what comes before the peers. Fields that have their default, zero or nothing, are left out. */
function headLength (type: number, key?: Uint8Array, record?: RecordParts): number {
  return (type === 0 ? 0 : fieldLength(0)) +
    (key == null || key.byteLength === 0 ? 0 : fieldLength(key.byteLength)) +
    (record == null ? 0 : fieldLength(record.byteLength))
}

function fitting (lists: PeerLists, room: number): PeerLists {
  return listsLength(lists) <= room ? lists : fitPeers(lists, room)
}

/** Write the peers of both lists at `position`; returns the position behind them, if that is not past `limit`. */
function writeLists (out: Uint8Array, position: number, { closer, providers }: PeerLists, limit: number): number | undefined {
  const at = writePeers(out, position, CLOSER_TAG, closer, limit)
  return at == null ? undefined : writePeers(out, at, PROVIDER_TAG, providers, limit)
}

function writePeers (out: Uint8Array, position: number, tag: number, peers: readonly PeerInfo[], limit: number): number | undefined {
  let at = position
  for (const { id, addrs, whereabouts } of peers) {
    const encoded = whereabouts?.encoded
    const end = at + (encoded == null ? fieldLength(peerLength(id, addrs)) : 1 + encoded.byteLength)
    if (end > limit) {
      return undefined
    }
    if (encoded == null) {
      writePeer(out, at, tag, id, addrs)
      remember(whereabouts, out, at + 1, end)
    } else {
      out[at] = tag
      out.set(encoded, at + 1)
    }
    at = end
  }
  return at
}

function writePeer (out: Uint8Array, position: number, tag: number, id: Uint8Array, addrs: readonly Uint8Array[]): void {
  let at = writeHeader(out, position, tag, peerLength(id, addrs))
  at = writeBytes(out, at, PEER_ID_TAG, id)
  for (const addr of addrs) {
    at = writeBytes(out, at, PEER_ADDR_TAG, addr)
  }
}

/** What was written is written the next time by copying it: contacts are named in most answers. */
function remember (whereabouts: Whereabouts | undefined, out: Uint8Array, start: number, end: number): void {
  if (whereabouts != null) {
    whereabouts.encoded = new Uint8Array(viewOf(out, start, end))
  }
}
