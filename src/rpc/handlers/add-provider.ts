import type { Handler } from './handlers.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'

/** ADD_PROVIDER: `add` remembers that the sender provides the key. Never answered, by anyone. */
export function addProvider (add: (key: Uint8Array, provider: PeerInfo) => Promise<void>): Handler<'add-provider'> {
  // eslint-disable-next-line require-yield -- it answers nothing, and is a stream protocol all the same
  return async function * ({ key, providers }) {
    for (const provider of providers) {
      await add(key, provider)
    }
  }
}
