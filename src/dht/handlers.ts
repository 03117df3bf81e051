import { namespaceOf } from '../record/namespace.ts'
import { PREFIX_BYTES, publicKeyRecords } from '../record/public-key.ts'
import { addProvider } from '../rpc/handlers/add-provider.ts'
import { findNode } from '../rpc/handlers/find-node.ts'
import { getProviders } from '../rpc/handlers/get-providers.ts'
import { getValue } from '../rpc/handlers/get-value.ts'
import { handlePing } from '../rpc/handlers/ping.ts'
import { putValue } from '../rpc/handlers/put-value.ts'
import type { KademliaConfig } from './config.ts'
import type { DhtContext } from './context.ts'
import type { ValueRecord } from '../record/record.ts'
import type { Handlers } from '../rpc/handlers/handlers.ts'

/** What a node answers to each kind of request. */
export function handlersOf (dht: DhtContext): Handlers {
  const { config, peers, values, providers } = dht
  // nobody is kept from hearing who is closer
  const unread = (err: unknown): undefined => { dht.log('a store cannot be read: %e', err) }
  const neighbourhood = { table: peers.table, k: config.k }
  return {
    ping: handlePing,
    'find-node': findNode({
      ...neighbourhood,
      self: () => dht.published(),
      connected (id) {
        const addrs = config.host.addrsOf?.(id) ?? []
        return addrs.length === 0 ? undefined : config.heard({ id, addrs })
      }
    }),
    'get-value': getValue({ ...neighbourhood, kept: async key => await values.served(key).catch(unread) ?? knownKey(config, key) }),
    'put-value': putValue(async (record, from) => { await values.accept(record, from.id) }),
    'get-providers': getProviders({ ...neighbourhood, provided: async key => await dht.provided(key).catch(unread) ?? [] }),
    'add-provider': addProvider(async (key, provider) => {
      // as in go and js: who names no address is of no use, but where one is whose addresses we do not believe may be known when somebody asks
      if (provider.addrs.length > 0) {
        await providers.add(key, config.heard(provider))
      }
    })
  }
}

/** The record at `/pk/<id>` of a peer that the host knows, though nobody put it: RSA ids are only the hashes of their keys. */
function knownKey ({ host }: KademliaConfig, key: Uint8Array): Promise<ValueRecord | undefined> | undefined {
  return namespaceOf(key) === publicKeyRecords.namespace
    ? host.publicKeyOf?.(key.subarray(PREFIX_BYTES)).then(value => value == null ? undefined : { key, value })
    : undefined
}
