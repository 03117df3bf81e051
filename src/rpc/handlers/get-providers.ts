import { keyOf } from '../../keyspace/key.ts'
import { closerPeers } from './closer-peers.ts'
import type { Neighbourhood } from './closer-peers.ts'
import type { Handler } from './handlers.ts'
import type { ProviderStore } from '../../store/provider-store.ts'

/** GET_PROVIDERS: the live providers we know of, and the closer peers. */
export function getProviders (init: Neighbourhood & { providers: ProviderStore }): Handler<'get-providers'> {
  return async function * ({ key }, from) {
    yield {
      type: 'get-providers',
      key,
      providers: await init.providers.get(key),
      closer: closerPeers(init, keyOf(key), from)
    }
  }
}
