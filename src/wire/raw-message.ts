import { withArrayBuffer } from 'uint8arrays/with-array-buffer'
import { appendPeers } from './append-peers.ts'
import { InvalidMessageError } from './errors.ts'
import { FieldCursor } from './field-cursor.ts'
import { MAX_ANSWER_BYTES, MAX_SHARED_BUFFER_BYTES } from './limits.ts'
import { Message, MessageType } from './message.ts'
import { PeerListReader } from './peers.ts'
import type { PeerLists } from './peer-lists.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

/** By the numbers that stand for them. */
const TYPES = [MessageType.PUT_VALUE, MessageType.GET_VALUE, MessageType.ADD_PROVIDER, MessageType.GET_PROVIDERS, MessageType.FIND_NODE, MessageType.PING]

/** A message of sound structure: its record raw, the addresses of its peers unread. */
export interface RawMessage {
  readonly type: MessageType
  readonly key: Uint8Array
  readonly record: Uint8Array | undefined
  readonly closer: readonly PeerInfo[]
  readonly providers: readonly PeerInfo[]
}

/** A message as bytes, fields in the order of their numbers. */
export function encodeMessage (type: MessageType, key?: Uint8Array, record?: Uint8Array<ArrayBuffer>, lists?: Partial<PeerLists>): Uint8Array {
  const head = Message.encode({ type, key: key == null ? undefined : withArrayBuffer(key), record })
  return lists == null ? head : appendPeers(head, { closer: lists.closer ?? [], providers: lists.providers ?? [] })
}

/**
 * The message in a frame. Unknown fields may stand anywhere, fields in any order, the
 * last of those that may stand once counts.
 *
 * @throws {InvalidMessageError} a field of number 0, of an unknown wire type, of another
 * than its own, in a group, or past the end of its message; an unknown type; no field at all
 */
export function decodeMessage (frame: Uint8Array | Uint8ArrayList): RawMessage {
  const bytes = detached(frame)
  if (bytes.byteLength === 0) {
    throw new InvalidMessageError('an empty frame')
  }
  let type: MessageType = MessageType.PUT_VALUE
  let key: Uint8Array = bytes.subarray(0, 0)
  let record: Uint8Array | undefined
  const closer = new PeerListReader(bytes)
  const providers = new PeerListReader(bytes)
  const cursor = new FieldCursor(bytes, 0, bytes.byteLength)
  while (cursor.next()) {
    switch (cursor.field) {
      case 1:
        type = messageType(cursor.varint())
        break
      case 2:
        cursor.expectBytes()
        key = bytes.subarray(cursor.start, cursor.end)
        break
      case 3:
        cursor.expectBytes()
        assertRecord(bytes, cursor.start, cursor.end)
        record = bytes.subarray(cursor.start, cursor.end)
        break
      case 8:
        cursor.expectBytes()
        closer.read(cursor.start, cursor.end)
        break
      case 9:
        cursor.expectBytes()
        providers.read(cursor.start, cursor.end)
        break
      case 10:
        cursor.varint()
        break
      default: // unknown fields are allowed
    }
  }
  return { type, key, record, closer: closer.peers, providers: providers.peers }
}

function messageType (number: number): MessageType {
  const type = TYPES[number]
  if (type == null) {
    throw new InvalidMessageError(`an unknown message type, ${number}`)
  }
  return type
}

function assertRecord (bytes: Uint8Array, start: number, end: number): void {
  const cursor = new FieldCursor(bytes, start, end)
  while (cursor.next()) {
    if (cursor.field === 1 || cursor.field === 2 || cursor.field === 5) {
      cursor.expectBytes()
    } else if (cursor.field === 777) {
      cursor.varint()
    }
  }
}

/**
 * The bytes of a frame in one piece. Peers that are kept share its memory, so it is
 * copied when it lies in a buffer much larger than itself, as sockets have them; from
 * frames that are large themselves each peer is copied when it is read.
 */
function detached (frame: Uint8Array | Uint8ArrayList): Uint8Array {
  const { buffer, byteOffset, byteLength } = frame.subarray()
  const bytes = new Uint8Array(buffer, byteOffset, byteLength) // no Buffer, whose slice() is a view
  return buffer.byteLength > MAX_SHARED_BUFFER_BYTES && byteLength <= MAX_ANSWER_BYTES ? bytes.slice() : bytes
}
