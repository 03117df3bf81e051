import { keyOf } from '../../keyspace/key.ts'
import { closerPeers } from './closer-peers.ts'
import type { Neighbourhood } from './closer-peers.ts'
import type { Handler } from './handlers.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'

/** GET_PROVIDERS: the live providers we know of, and the closer peers. */
export function getProviders (init: Neighbourhood & { provided (key: Uint8Array): Promise<readonly PeerInfo[]> }): Handler<'get-providers'> {
  return async function * ({ key }, from) {
    yield {
      type: 'get-providers',
      key,
      providers: await init.provided(key),
      closer: closerPeers(init, keyOf(key), from)
    }
  }
}
