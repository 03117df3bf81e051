import type { Handler } from './handlers.ts'
import type { ProviderStore } from '../../store/provider-store.ts'

/** ADD_PROVIDER: remember that the sender provides the key. Never answered, by anyone. */
export function addProvider (init: { providers: ProviderStore }): Handler<'add-provider'> {
  // eslint-disable-next-line require-yield -- it answers nothing, and is a stream protocol all the same
  return async function * ({ key, providers }) {
    for (const provider of providers) {
      await init.providers.add(key, provider)
    }
  }
}
