import { keyOf } from '../../keyspace/key.ts'
import { closerPeers } from './closer-peers.ts'
import type { Neighbourhood } from './closer-peers.ts'
import type { Handler } from './handlers.ts'
import type { ValueRecord } from '../../record/record.ts'

/** GET_VALUE: the record, if we hold a live one that is valid still, and the closer peers all the same. */
export function getValue (init: Neighbourhood & { kept (key: Uint8Array): Promise<ValueRecord | undefined> }): Handler<'get-value'> {
  return async function * ({ key }, from) {
    yield {
      type: 'get-value',
      key,
      record: await init.kept(key),
      closer: closerPeers(init, keyOf(key), from)
    }
  }
}
