import { detached } from './detached.ts'
import { InvalidMessageError } from './errors.ts'
import { FieldCursor } from './field-cursor.ts'
import { MESSAGE_TYPES } from './message-types.ts'
import { MessageType } from './message.ts'
import { PeerListReader } from './peers.ts'
import { viewOf } from './view.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

const NO_KEY = new Uint8Array(0)
const NOBODY: readonly PeerInfo[] = []

/** A message of sound structure: its record raw, the addresses of its peers unread. */
export interface RawMessage {
  readonly type: MessageType
  readonly key: Uint8Array
  readonly record: Uint8Array | undefined
  readonly closer: readonly PeerInfo[]
  readonly providers: readonly PeerInfo[]
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
  let key: Uint8Array = NO_KEY
  let record: Uint8Array | undefined
  let closer: PeerListReader | undefined
  let providers: PeerListReader | undefined
  const cursor = new FieldCursor(bytes, 0, bytes.byteLength)
  while (cursor.next()) {
    switch (cursor.field) {
      case 1:
        type = messageType(cursor.varint())
        break
      case 2:
        cursor.expectBytes()
        key = viewOf(bytes, cursor.start, cursor.end)
        break
      case 3:
        cursor.expectBytes()
        assertRecord(bytes, cursor.start, cursor.end)
        record = viewOf(bytes, cursor.start, cursor.end)
        break
      case 8:
        cursor.expectBytes()
        closer ??= new PeerListReader(bytes)
        closer.read(cursor.start, cursor.end)
        break
      case 9:
        cursor.expectBytes()
        providers ??= new PeerListReader(bytes)
        providers.read(cursor.start, cursor.end)
        break
      case 10:
        cursor.varint()
        break
      default: // unknown fields are allowed
    }
  }
  return { type, key, record, closer: closer?.peers ?? NOBODY, providers: providers?.peers ?? NOBODY }
}

function messageType (number: number): MessageType {
  const type = MESSAGE_TYPES[number]
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
