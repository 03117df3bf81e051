import { nameOf } from '../keyspace/contact.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import type { Contact, PeerInfo } from '../keyspace/contact.ts'

/** Addresses of a peer that are looked at in one answer, and that are tried together: as many as are dialled over TCP. */
const MAX_ADDRS = 16

/** How often a peer is asked elsewhere. */
const MAX_TIMES = 3

/** A peer that was not reached. */
interface Unreached {
  /** Its addresses that were tried, by `bytesToMapKey`. */
  readonly seen: Set<string>
  times: number
}

/**
 * Where the peers of a lookup are that were not reached: whoever names a peer first may name it where it is not, for not
 * having heard of late, or to hide it. Others name it where it is.
 */
export class Elsewhere {
  readonly #heard: (peer: PeerInfo) => Contact
  /** As they were named otherwise than at first. */
  readonly #named = new Map<string, PeerInfo[]>()
  readonly #unreached = new Map<string, Unreached>()

  /** @param heard - a peer that an answer names, as a contact */
  constructor (heard: (peer: PeerInfo) => Contact) {
    this.#heard = heard
  }

  /** An answer names `peer`, or we know it, otherwise than who named it first. */
  add (peer: PeerInfo): void {
    const name = nameOf(peer)
    const named = this.#named.get(name)
    if (named == null) {
      this.#named.set(name, [peer])
    } else {
      named.push(peer)
    }
  }

  /**
   * `contact` was not reached. The same at the other addresses at which it was named, those first at which most
   * name it; undefined if there are none, or it was asked elsewhere too often.
   */
  of (contact: Contact): Contact | undefined {
    const name = nameOf(contact)
    const unreached = this.#unreached.get(name) ?? { seen: new Set(), times: 0 }
    this.#unreached.set(name, unreached)
    contact.addrs.forEach(addr => { unreached.seen.add(bytesToMapKey(addr)) })
    return this.#next(contact, unreached)
  }

  /** The same of one that was not reached before, since it has been named once more. Undefined, too, if it was reached, and failed then. */
  again (contact: Contact): Contact | undefined {
    const unreached = this.#unreached.get(nameOf(contact))
    return unreached == null ? undefined : this.#next(contact, unreached)
  }

  #next (contact: Contact, unreached: Unreached): Contact | undefined {
    if (unreached.times === MAX_TIMES) {
      return undefined
    }
    const named = this.#named.get(nameOf(contact))?.splice(0) ?? []
    const addrs = mostNamed(named.map(peer => this.#heard(peer)), unreached)
    if (addrs.length === 0) {
      return undefined
    }
    unreached.times++
    return this.#heard({ id: contact.id, identity: contact.identity, addrs })
  }
}

function addrsOf ({ addrs }: PeerInfo): readonly Uint8Array[] {
  return addrs.length > MAX_ADDRS ? addrs.slice(0, MAX_ADDRS) : addrs
}

/** The addresses of a peer that was named several times, as far as they are news, those first that were named most often. */
function mostNamed (named: readonly PeerInfo[], { seen }: Unreached): Uint8Array[] {
  const counts = new Map<string, { readonly addr: Uint8Array, count: number }>()
  for (const addr of named.flatMap(addrsOf)) {
    const key = bytesToMapKey(addr)
    const entry = counts.get(key) ?? { addr, count: 0 }
    entry.count++
    if (!seen.has(key)) {
      counts.set(key, entry)
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).slice(0, MAX_ADDRS).map(({ addr }) => addr)
}
