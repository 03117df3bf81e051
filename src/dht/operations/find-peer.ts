import { keyOf } from '../../keyspace/key.ts'
import { parsePeerText } from '../../record/multihash-text.ts'
import { bytesEqual } from '../../wire/bytes-equal.ts'
import { LOOKUP_DEADLINE_MS } from '../deadlines.ts'
import { InvalidOptionError } from '../errors.ts'
import { checkKey } from '../key-check.ts'
import { oneOf } from '../option-checks.ts'
import { toBytes } from '../text.ts'
import { walk } from './lookup.ts'
import type { Contact, PeerInfo } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** How to find a peer. */
export interface FindPeerOptions extends OperationOptions {
  /** Take what the routing table knows, or ask the network all the same? Default `table-first`. */
  readonly source?: 'table-first' | 'network' | undefined
}

/** Where a peer is. */
export interface FindPeerResult {
  readonly peer: Contact
  /** Who told us; undefined: we knew. */
  readonly from: Contact | undefined
}

/**
 * The addresses of the peer with the PeerId `peerId`, as text or as its multihash: the first that anybody on
 * the way to it names. Undefined: nobody who answered knows one.
 *
 * @throws {InvalidOptionError} a text that is no PeerId, or a `source` that is none
 */
export async function findPeer (dht: DhtContext, peerId: string | Uint8Array, options: FindPeerOptions = {}): Promise<FindPeerResult | undefined> {
  const id = typeof peerId === 'string' ? multihashOf(peerId) : toBytes('the PeerId', peerId)
  const request = { type: 'find-node', target: id } as const
  const source = oneOf('source', options.source ?? 'table-first', ['table-first', 'network'])
  checkKey(request) // before we tell what we know ourselves
  const known = knownPeer(dht, id, source)
  if (known != null) {
    return { peer: known, from: undefined }
  }
  const walking = walk(dht, id, { request }, options, LOOKUP_DEADLINE_MS)
  let found: FindPeerResult | undefined
  for await (const { peer, response } of walking.answers) {
    const contact = bytesEqual(peer.id, id) ? peer : named(dht, response.closer, id)
    if (found == null && contact != null) {
      found = { peer: contact, from: peer }
      walking.stop()
    }
  }
  return found
}

function multihashOf (peerId: string): Uint8Array {
  const id = parsePeerText(peerId)
  if (id == null) {
    throw new InvalidOptionError(`${JSON.stringify(peerId)} is no PeerId: give one like 12D3Koo…`)
  }
  return id
}

/** Where we are ourselves nobody needs to be asked, whatever the source. */
function knownPeer (dht: DhtContext, id: Uint8Array, source: FindPeerOptions['source']): Contact | undefined {
  if (bytesEqual(id, dht.self.id)) {
    return dht.published()
  }
  return source === 'network' ? undefined : dht.peers.table.get(keyOf(id))
}

/** `id` among `peers`, if it has an address that we may use. */
function named (dht: DhtContext, peers: readonly PeerInfo[], id: Uint8Array): Contact | undefined {
  const peer = peers.find(peer => bytesEqual(peer.id, id))
  const contact = peer == null ? undefined : dht.config.heard(peer)
  return contact != null && contact.addrs.length > 0 ? contact : undefined
}
