import { bytesToMapKey } from '../../keyspace/key.ts'
import { GET_DEADLINE_MS } from '../deadlines.ts'
import { checkKey } from '../key-check.ts'
import { oneOf, whole } from '../option-checks.ts'
import { walk } from './lookup.ts'
import type { Contact, PeerInfo } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** How to find providers. */
export interface FindProvidersOptions extends OperationOptions {
  /** Stop after so many providers. Default k; 0: ask all of the k closest. */
  readonly limit?: number
  /** Ask the network, or only our own store? Default `network`. */
  readonly source?: 'network' | 'store'
}

/** Somebody who says that it provides a key. */
export interface FoundProvider {
  readonly provider: Contact
  /** Who told us; undefined: we knew. */
  readonly from: Contact | undefined
}

/**
 * The providers of the multihash `key` as they come in, each once. One of which
 * nobody knows an address comes at the end, without: somebody may have met it.
 * Leaving the loop ends the lookup.
 *
 * @throws {InvalidOptionError} the multihash is empty, or has more than 80 bytes; or a `limit` that is none
 */
export async function * findProviders (dht: DhtContext, key: Uint8Array, options: FindProvidersOptions = {}): AsyncGenerator<FoundProvider> {
  const { limit = dht.config.k, source = 'network' } = options
  oneOf('source', source, ['network', 'store'])
  whole('limit', limit, 0)
  const request = { type: 'get-providers', key } as const
  checkKey(request) // before we tell what we know ourselves
  const found = new Found(dht, limit, options)
  yield * found.add(undefined, await dht.provided(key))
  if (found.enough || source === 'store') {
    yield * found.withoutAddrs()
    return
  }
  const { answers } = walk(dht, key, { request }, options, GET_DEADLINE_MS)
  for await (const { peer, response } of answers) {
    yield * found.add(peer, response.providers)
    if (found.enough) {
      return
    }
  }
  yield * found.withoutAddrs()
}

/** Which providers were found, so that each is given once. */
class Found {
  readonly #dht: DhtContext
  readonly #limit: number
  readonly #options: FindProvidersOptions
  readonly #given = new Set<string>()
  /** Those of which no address is known yet. */
  readonly #held = new Map<string, FoundProvider>()

  constructor (dht: DhtContext, limit: number, options: FindProvidersOptions) {
    this.#dht = dht
    this.#limit = limit
    this.#options = options
  }

  get enough (): boolean {
    return this.#limit > 0 && this.#given.size >= this.#limit
  }

  * add (from: Contact | undefined, providers: readonly PeerInfo[]): Generator<FoundProvider> {
    const fresh = providers.flatMap(provider => this.#take(provider, from))
    if (fresh.length > 0) {
      this.#options.onProgress?.({ type: 'providers', peer: from, providers: fresh.map(({ provider }) => provider) })
      yield * fresh
    }
  }

  * withoutAddrs (): Generator<FoundProvider> {
    for (const found of this.#held.values()) {
      if (this.enough) {
        return
      }
      this.#given.add(bytesToMapKey(found.provider.id))
      this.#options.onProgress?.({ type: 'providers', peer: found.from, providers: [found.provider] })
      yield found
    }
  }

  #take (peer: PeerInfo, from: Contact | undefined): FoundProvider[] {
    const id = bytesToMapKey(peer.id)
    if (this.enough || this.#given.has(id)) {
      return []
    }
    const provider = this.#dht.config.heard(peer)
    if (provider.addrs.length === 0) {
      this.#held.set(id, { provider, from })
      return []
    }
    this.#held.delete(id)
    this.#given.add(id)
    return [{ provider, from }]
  }
}
