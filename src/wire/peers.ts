import { identityAt } from '../keyspace/identity.ts'
import { bytesEqual } from './bytes-equal.ts'
import { FieldCursor } from './field-cursor.ts'
import { MAX_PEER_BYTES, MAX_PEERS_READ, MAX_SHARED_BUFFER_BYTES } from './limits.ts'
import { isPeerIdAt } from './peer-id.ts'
import { PEER_ADDR_TAG, PEER_ID_TAG } from './peer-lists.ts'
import { viewOf } from './view.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Identity } from '../keyspace/identity.ts'

/** A peer as it came over the wire: its addresses are parsed when somebody asks for them. */
class WirePeer implements PeerInfo {
  readonly identity: Identity
  readonly #message: Uint8Array
  readonly #start: number
  readonly #end: number
  #addrs: readonly Uint8Array[] | undefined

  constructor (identity: Identity, message: Uint8Array, start: number, end: number) {
    this.identity = identity
    this.#message = message
    this.#start = start
    this.#end = end
  }

  get id (): Uint8Array {
    return this.identity.id
  }

  get addrs (): readonly Uint8Array[] {
    this.#addrs ??= readAddrs(this.#message, this.#start, this.#end)
    return this.#addrs
  }

  /** Do both lie in their messages byte by byte alike? They have the same id, which comes first and is not compared. */
  isLike (other: WirePeer): boolean {
    const length = this.#end - this.#start
    if (length !== other.#end - other.#start) {
      return false
    }
    for (let left = length - this.identity.id.byteLength, at = this.#end, otherAt = other.#end; left > 0; left--) {
      if (this.#message[--at] !== other.#message[--otherAt]) {
        return false
      }
    }
    return true
  }

  /** Does it lie in its message with these addresses, in this order? */
  isAt (addrs: readonly Uint8Array[]): boolean {
    const cursor = new FieldCursor(this.#message, this.#start, this.#end)
    let count = 0
    while (cursor.next()) {
      if (cursor.field === 2 && (count === addrs.length || !isThere(addrs[count++], this.#message, cursor))) {
        return false
      }
    }
    return count === addrs.length
  }
}

/** Do these bytes lie in `message` from `start` to `end`? Addresses differ at their end, if anywhere. */
function isThere (bytes: Uint8Array, message: Uint8Array, { start, end }: FieldCursor): boolean {
  if (bytes.byteLength !== end - start) {
    return false
  }
  for (let i = bytes.byteLength - 1; i >= 0; i--) {
    if (bytes[i] !== message[start + i]) {
      return false
    }
  }
  return true
}

/** One peer, named twice: at the same addresses, in the same order? If `b` came over the wire it stays unread. */
export function areNamedAlike (a: PeerInfo, b: PeerInfo): boolean {
  if (b instanceof WirePeer) {
    return (a instanceof WirePeer && a.isLike(b)) || b.isAt(a.addrs)
  }
  return a.addrs.length === b.addrs.length && a.addrs.every((addr, i) => bytesEqual(addr, b.addrs[i]))
}

function readAddrs (message: Uint8Array, start: number, end: number): Uint8Array[] {
  const addrs: Uint8Array[] = []
  const cursor = new FieldCursor(message, start, end)
  while (cursor.next()) {
    if (cursor.field === 2) {
      addrs.push(viewOf(message, cursor.start, cursor.end))
    }
  }
  return addrs
}

/**
 * Reads the peers of one list of a message. Of its first {@link MAX_PEERS_READ} those
 * are left out that take more than {@link MAX_PEER_BYTES}, have no valid id or were
 * there before. Of the others only the structure is checked.
 */
export class PeerListReader {
  readonly peers: PeerInfo[] = []
  readonly #message: Uint8Array
  readonly #cursor: FieldCursor
  readonly #large: boolean
  /** The last bytes of each id of `peers`, to tell most ids apart without comparing them. */
  readonly #tails: number[] = []
  #met = 0
  #idStart = 0
  #idEnd = 0

  /** @param message - in which the peers lie */
  constructor (message: Uint8Array) {
    this.#message = message
    this.#cursor = new FieldCursor(message, 0, 0)
    this.#large = message.buffer.byteLength > MAX_SHARED_BUFFER_BYTES
  }

  /**
   * The message from `start` to `end` is a peer of the list.
   *
   * @throws {InvalidMessageError} it is no peer
   */
  read (start: number, end: number): void {
    this.#findId(start, end)
    this.#met++
    if (this.#met > MAX_PEERS_READ || end - start > MAX_PEER_BYTES || !isPeerIdAt(this.#message, this.#idStart, this.#idEnd)) {
      return
    }
    const identity = identityAt(this.#message, this.#idStart, this.#idEnd)
    const tail = tailOf(identity.id)
    if (this.#has(identity.id, tail)) {
      return
    }
    this.#tails.push(tail)
    this.peers.push(this.#large
      ? new WirePeer(identity, viewOf(this.#message, start, end).slice(), 0, end - start)
      : new WirePeer(identity, this.#message, start, end))
  }

  /** Walks the peer and finds where its id lies, the last if there are several: nothing if there is none. */
  #findId (start: number, end: number): void {
    this.#idStart = 0
    this.#idEnd = 0
    const cursor = this.#cursor
    cursor.enter(this.#skipUsual(start, end), end)
    while (cursor.next()) {
      switch (cursor.field) {
        case 1:
          cursor.expectBytes()
          this.#idStart = cursor.start
          this.#idEnd = cursor.end
          break
        case 2:
          cursor.expectBytes()
          break
        case 3:
          cursor.varint()
          break
        default: // unknown fields are allowed
      }
    }
  }

  /** The same for as long as the fields are what nearly all are: ids and addresses of less than 128 bytes. Returns where another begins. */
  #skipUsual (start: number, end: number): number {
    const bytes = this.#message
    let at = start
    while (at + 2 < end) {
      const tag = bytes[at]
      const next = at + 2 + bytes[at + 1]
      if ((tag !== PEER_ID_TAG && tag !== PEER_ADDR_TAG) || bytes[at + 1] >= 0x80 || next > end) {
        break
      }
      if (tag === PEER_ID_TAG) {
        this.#idStart = at + 2
        this.#idEnd = next
      }
      at = next
    }
    return at
  }

  #has (id: Uint8Array, tail: number): boolean {
    for (let i = 0; i < this.#tails.length; i++) {
      if (this.#tails[i] === tail && bytesEqual(this.peers[i].id, id)) {
        return true
      }
    }
    return false
  }
}

/** The last three bytes as a number. */
function tailOf (id: Uint8Array): number {
  const end = id.byteLength
  return id[end - 3] << 16 | id[end - 2] << 8 | id[end - 1]
}

/** A copy of `peer` that keeps no frame alive. */
export function ownPeer ({ id, addrs }: PeerInfo): PeerInfo {
  return { id: id.slice(), addrs: addrs.map(addr => addr.slice()) }
}
