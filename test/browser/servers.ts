import { kadDHT as theirKadDHT } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { kadDHT as ourKadDHT } from '../../src/index.ts'
import { createLibp2pNode } from '../helpers/libp2p-tcp.ts'
import { drain } from '../interop/ask.ts'
import { until } from '../interop/converge.ts'
import { cidOf, utf8 } from './content.ts'
import { DHT_INIT, FROM_NODE, SERVERS_VARIABLE } from './network.ts'
import type { ServerAddress } from './network.ts'
import type { KadDHT } from '../../src/index.ts'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { KadDHT as TheirKadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'

const KINDS: ReadonlyArray<ServerAddress['kind']> = ['ours', 'ours', 'theirs', 'ours', 'ours', 'theirs', 'ours', 'ours']

interface Services extends ServiceMap {
  readonly dht: KadDHT | TheirKadDHT
  /** The other implementation needs it. */
  readonly ping: Ping
}

interface Server {
  readonly kind: ServerAddress['kind']
  readonly libp2p: Libp2p<Services>
}

/** Servers in this process that a page can dial. */
export interface Servers {
  /** What the page must be told. */
  readonly env: Record<string, string>
  stop (): Promise<void>
}

/** Start a network of both implementations whose nodes all know each other, and that keeps {@link FROM_NODE}. */
export async function startServers (): Promise<Servers> {
  const servers: Server[] = []
  for (const kind of KINDS) {
    const libp2p = await start(kind)
    for (const other of servers.slice(-2)) {
      await libp2p.dial(other.libp2p.getMultiaddrs())
    }
    servers.push({ kind, libp2p })
  }
  await converge(servers)
  await fill(servers)
  const addresses = servers.map(({ kind, libp2p }): ServerAddress => ({ kind, id: libp2p.peerId.toString(), addrs: libp2p.getMultiaddrs().map(String) }))
  return {
    env: { [SERVERS_VARIABLE]: JSON.stringify(addresses) },
    async stop () {
      await Promise.all(servers.map(async ({ libp2p }) => { await libp2p.stop() }))
    }
  }
}

async function start (kind: ServerAddress['kind']): Promise<Libp2p<Services>> {
  const init = { ...DHT_INIT, clientMode: false }
  return createLibp2pNode<Services>({
    transport: 'ws',
    services: { ping: ping(), dht: kind === 'ours' ? ourKadDHT(init) : theirKadDHT(init) }
  })
}

/** Have every server look itself up until everybody names all others. */
async function converge (servers: readonly Server[]): Promise<void> {
  await until('every server finds all others', async () => {
    const found = await Promise.all(servers.map(async ({ libp2p }) => drain(libp2p.services.dht.getClosestPeers(libp2p.peerId.toMultihash().bytes))))
    return found.every(({ peers, answers }) => peers.length === servers.length - 1 && answers.size === servers.length - 1)
  })
}

async function fill (servers: readonly Server[]): Promise<void> {
  const cid = await cidOf(FROM_NODE.provided)
  const [first, last] = [servers[0], servers[servers.length - 1]]
  await drain(first.libp2p.services.dht.put(utf8(FROM_NODE.key), utf8(FROM_NODE.value)))
  const providers = (['ours', 'theirs'] as const).map(kind => firstOf(servers, kind))
  for (const { libp2p } of providers) {
    await drain(libp2p.services.dht.provide(cid))
  }
  await until('both providers are found', async () => (await drain(last.libp2p.services.dht.findProviders(cid))).providers.size === providers.length)
}

function firstOf (servers: readonly Server[], kind: ServerAddress['kind']): Server {
  const server = servers.find(server => server.kind === kind)
  if (server == null) {
    throw new Error(`there is no server of ${kind}`)
  }
  return server
}
