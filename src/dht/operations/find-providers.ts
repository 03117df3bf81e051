import { bytesToMapKey } from '../../keyspace/key.ts'
import { GET_DEADLINE_MS } from '../deadlines.ts'
import { checkKey } from '../key-check.ts'
import { oneOf, whole } from '../option-checks.ts'
import { walk } from './lookup.ts'
import type { Contact, PeerInfo } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'

/** At least so many peers name the providers that are wanted, if as many know some: a liar alone ends no search. */
const PEERS_NEEDED = 4

/** How to find providers. */
export interface FindProvidersOptions extends OperationOptions {
  /**
   * Stop after so many providers. Default k; 0: ask all of the k closest. Of one answer a quarter of that is taken at
   * first, so that a peer which names false ones keeps out none; what is beyond comes at the end, if there are too few.
   */
  readonly limit?: number | undefined
  /** Ask the network, or only our own store? Default `network`. */
  readonly source?: 'network' | 'store' | undefined
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
    yield * found.rest()
    return
  }
  const { answers } = walk(dht, key, { request }, options, GET_DEADLINE_MS)
  for await (const { peer, response } of answers) {
    yield * found.add(peer, response.providers)
    if (found.enough) {
      return
    }
  }
  yield * found.rest()
}

/** Which providers were found, so that each is given once. */
class Found {
  readonly #dht: DhtContext
  readonly #limit: number
  readonly #options: FindProvidersOptions
  readonly #given = new Set<string>()
  /** How many are taken of one answer before the end. */
  readonly #share: number
  /** Those beyond the share of who named them. */
  readonly #spare = new Map<string, FoundProvider>()
  /** Those of which no address is known yet. */
  readonly #held = new Map<string, FoundProvider>()

  constructor (dht: DhtContext, limit: number, options: FindProvidersOptions) {
    this.#dht = dht
    this.#limit = limit
    this.#share = limit === 0 ? Infinity : Math.ceil(limit / PEERS_NEEDED)
    this.#options = options
  }

  get enough (): boolean {
    return this.#limit > 0 && this.#given.size >= this.#limit
  }

  * add (from: Contact | undefined, providers: readonly PeerInfo[]): Generator<FoundProvider> {
    const fresh: FoundProvider[] = []
    for (const peer of providers) {
      const id = bytesToMapKey(peer.id)
      const found = this.enough ? undefined : this.#news(id, peer, from)
      if (found != null && (from == null || fresh.length < this.#share)) {
        this.#spare.delete(id)
        this.#given.add(id)
        fresh.push(found)
      } else if (found != null && this.#spare.size < this.#limit) {
        this.#spare.set(id, found)
      }
    }
    if (fresh.length > 0) {
      this.#options.onProgress?.({ type: 'providers', peer: from, providers: fresh.map(({ provider }) => provider) })
      yield * fresh
    }
  }

  /** Those beyond anybody's share, then those without addresses. */
  * rest (): Generator<FoundProvider> {
    for (const [id, found] of [...this.#spare, ...this.#held]) {
      if (this.enough) {
        return
      }
      this.#given.add(id)
      this.#options.onProgress?.({ type: 'providers', peer: found.from, providers: [found.provider] })
      yield found
    }
  }

  /** A provider with an address that has not been given. */
  #news (id: string, peer: PeerInfo, from: Contact | undefined): FoundProvider | undefined {
    if (this.#given.has(id)) {
      return undefined
    }
    const provider = this.#dht.config.heard(peer)
    if (provider.addrs.length > 0) {
      this.#held.delete(id)
      return { provider, from }
    }
    if (!this.#spare.has(id)) {
      this.#held.set(id, { provider, from })
    }
    return undefined
  }
}
