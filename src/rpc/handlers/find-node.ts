import { keyOf } from '../../keyspace/key.ts'
import { bytesEqual } from '../../wire/bytes-equal.ts'
import { isPeerId } from '../../wire/peer-id.ts'
import { closerPeers } from './closer-peers.ts'
import type { Neighbourhood } from './closer-peers.ts'
import type { Handler } from './handlers.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'

export interface FindNodeInit extends Neighbourhood {
  self (): PeerInfo
  /** A peer that is connected with us, whether or not it serves. */
  connected (id: Uint8Array): PeerInfo | undefined
}

/**
 * FIND_NODE: the k closest peers we know, closest first. A target that is a known
 * peer comes first by its distance of zero; ourselves, and peers that do not serve,
 * we name only when they are asked for.
 */
export function findNode (init: FindNodeInit): Handler<'find-node'> {
  return ({ target }, from) => {
    const closer = closerPeers(init, keyOf(target), from)
    const first = closer.length > 0 && bytesEqual(closer[0].id, target) ? undefined : askedFor(init, target, from)
    return [{
      type: 'find-node',
      closer: first == null ? closer : [first, ...closer].slice(0, init.k)
    }]
  }
}

/** Who is asked for, and is no contact. */
function askedFor ({ self, connected }: FindNodeInit, target: Uint8Array, from: PeerInfo): PeerInfo | undefined {
  if (bytesEqual(target, self().id)) {
    return self()
  }
  const peer = !isPeerId(target) || bytesEqual(target, from.id) ? undefined : connected(target)
  return peer == null || peer.addrs.length === 0 ? undefined : peer
}
