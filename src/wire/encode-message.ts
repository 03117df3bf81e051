import { Uint8ArrayList } from 'uint8arraylist'
import { allocUnsafe } from 'uint8arrays/alloc'
import { fieldLength, writeBytes, writeHeader } from './field-writer.ts'
import { LARGE_VALUE_BYTES, MAX_ANSWER_BYTES } from './limits.ts'
import { MESSAGE_TYPES } from './message-types.ts'
import { fitPeers, listsLength, peerLength } from './peer-lists.ts'
import type { Frame } from './frame.ts'
import type { MessageType } from './message.ts'
import type { PeerLists } from './peer-lists.ts'
import type { RecordParts } from './wire-record.ts'
import type { PeerInfo } from '../keyspace/contact.ts'

/** Tags of the fields written here: field number and wire type, 0 being a varint, 2 bytes. */
const TYPE_TAG = 1 << 3
const KEY_TAG = 2 << 3 | 2
const RECORD_TAG = 3 << 3 | 2
const CLOSER_TAG = 8 << 3 | 2
const PROVIDER_TAG = 9 << 3 | 2
const PEER_ID_TAG = 1 << 3 | 2
const PEER_ADDR_TAG = 2 << 3 | 2

/** What a message may have beside its type. */
export interface MessageFields {
  readonly key?: Uint8Array
  readonly record?: RecordParts
  readonly closer?: readonly PeerInfo[]
  readonly providers?: readonly PeerInfo[]
}

const NOBODY: readonly PeerInfo[] = []

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
  const head = headLength(number, key, record)
  const lists = fitting({ closer, providers }, MAX_ANSWER_BYTES - 1 - (head < MAX_ANSWER_BYTES ? head : 0))
  const large = record != null && record.value.byteLength >= LARGE_VALUE_BYTES ? record.value : undefined
  const out = allocUnsafe(head + listsLength(lists) - (large?.byteLength ?? 0)) // every byte is written below
  let at = number === 0 ? 0 : writeHeader(out, 0, TYPE_TAG, number)
  if (key != null && key.byteLength > 0) {
    at = writeBytes(out, at, KEY_TAG, key)
  }
  let valueAt = 0
  if (record != null) {
    at = copyTo(out, writeHeader(out, at, RECORD_TAG, record.byteLength), record.head)
    valueAt = at
    at = copyTo(out, large == null ? copyTo(out, at, record.value) : at, record.tail)
  }
  at = writePeers(out, at, CLOSER_TAG, lists.closer)
  writePeers(out, at, PROVIDER_TAG, lists.providers)
  return large == null
    ? out
    : Uint8ArrayList.fromUint8Arrays([out.subarray(0, valueAt), large, out.subarray(valueAt)], out.byteLength + large.byteLength)
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

function writePeers (out: Uint8Array, position: number, tag: number, peers: readonly PeerInfo[]): number {
  let at = position
  for (const { id, addrs } of peers) {
    at = writeHeader(out, at, tag, peerLength(id, addrs))
    at = writeBytes(out, at, PEER_ID_TAG, id)
    for (const addr of addrs) {
      at = writeBytes(out, at, PEER_ADDR_TAG, addr)
    }
  }
  return at
}
