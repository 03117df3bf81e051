import { keyOf } from '../../keyspace/key.ts'
import { bytesEqual } from '../../wire/bytes-equal.ts'
import { closerPeers } from './closer-peers.ts'
import type { Neighbourhood } from './closer-peers.ts'
import type { Handler } from './handlers.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'

/**
 * FIND_NODE: the k closest peers we know, closest first. A target that is a known
 * peer comes first by its distance of zero; we name ourselves only when we are asked for.
 */
export function findNode (init: Neighbourhood & { self(): PeerInfo }): Handler<'find-node'> {
  return async function * ({ target }, from) {
    const self = init.self()
    const closer = closerPeers(init, keyOf(target), from)
    yield {
      type: 'find-node',
      closer: bytesEqual(target, self.id) ? [self, ...closer].slice(0, init.k) : closer
    }
  }
}
