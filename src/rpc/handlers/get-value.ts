import { keyOf } from '../../keyspace/key.ts'
import { closerPeers } from './closer-peers.ts'
import type { Neighbourhood } from './closer-peers.ts'
import type { Handler } from './handlers.ts'
import type { ValueStore } from '../../store/value-store.ts'

/** GET_VALUE: the record, if we hold a live one, and the closer peers all the same. */
export function getValue (init: Neighbourhood & { values: ValueStore }): Handler<'get-value'> {
  return async function * ({ key }, from) {
    yield {
      type: 'get-value',
      key,
      record: await init.values.get(key),
      closer: closerPeers(init, keyOf(key), from)
    }
  }
}
