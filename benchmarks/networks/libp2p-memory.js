import { memoryInUse } from '../harness/memory.js'
import { seededBytes } from '../harness/seeded.js'
import { createHost, DHT_OPTIONS } from './libp2p.js'

/** Modules that export `kadDHT`. */
const MODULES = { kadmium: '../../dist/src/index.js', '@libp2p/kad-dht': '@libp2p/kad-dht' }

/** Lookups of each host. */
const LOOKUPS = 3

/** Hosts that leave behind what there is once and for all. */
const FORERUNNERS = 3

/**
 * Hosts of libp2p, each connected to each, with a DHT that was used or with none.
 *
 * @param {object} init
 * @param {'kadmium' | '@libp2p/kad-dht'} [init.implementation] - none: bare hosts
 * @param {number} init.hosts
 * @param {number} init.seed
 */
export async function create ({ implementation, hosts: count, seed }) {
  const kadDHT = implementation == null ? undefined : (await import(MODULES[implementation])).kadDHT
  const forerunners = await connect(kadDHT, FORERUNNERS, seed + 1)
  await Promise.all(forerunners.map(async host => host.stop()))
  const before = await memoryInUse()
  const hosts = await connect(kadDHT, count, seed)
  return {
    async memoryKiB () {
      return (await memoryInUse() - before) / 1_024 / hosts.length
    },
    sockets: () => undefined,
    stop: async () => { await Promise.all(hosts.map(async host => host.stop())) }
  }
}

async function connect (kadDHT, count, seed) {
  const bytes = seededBytes(seed)
  const hosts = []
  while (hosts.length < count) {
    const host = await createHost({ transport: 'tcp', seed: bytes(), services: kadDHT == null ? {} : { dht: kadDHT(DHT_OPTIONS) } })
    for (const other of hosts) {
      await host.dial(other.getMultiaddrs())
    }
    hosts.push(host)
  }
  const asking = kadDHT == null ? [] : hosts
  for (let i = 0; i < LOOKUPS; i++) {
    for (const { services: { dht } } of asking) {
      const events = []
      for await (const event of dht.getClosestPeers(bytes())) {
        events.push(event.name)
      }
    }
  }
  return hosts
}
