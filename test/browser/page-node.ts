import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { kadDHT } from '../../src/index.ts'
import { createLibp2pNodeOver } from '../helpers/libp2p.ts'
import { DHT_INIT, SERVERS_VARIABLE } from './network.ts'
import type { ServerAddress } from './network.ts'
import type { KadDHT, KadDHTInit } from '../../src/index.ts'
import type { Libp2p, ServiceMap } from '@libp2p/interface'

interface Services extends ServiceMap {
  readonly dht: KadDHT
}

/** A libp2p node of this page (or worker). */
export type PageNode = Libp2p<Services>

export interface PageNodeInit {
  /** The one server that it dials itself. */
  readonly server: ServerAddress
  /** The addresses that it says it has. Default: none, as pages are. */
  readonly announce?: string[]
  readonly dht?: KadDHTInit
}

/** The servers that run in Node.js while the page does. */
export const SERVERS: readonly ServerAddress[] = JSON.parse(process.env[SERVERS_VARIABLE] ?? '[]')

/** The first server of that kind. */
export function serverOf (kind: ServerAddress['kind']): ServerAddress {
  const server = SERVERS.find(server => server.kind === kind)
  if (server == null) {
    throw new Error(`no server of ${kind} runs: start the tests through aegir`)
  }
  return server
}

/** A node that knows one server, and is a client. */
export async function createPageNode ({ server, announce = [], dht }: PageNodeInit): Promise<PageNode> {
  const node = await createLibp2pNodeOver<Services>({
    transports: [webSockets()],
    addresses: { listen: [], announce },
    services: { dht: kadDHT({ ...DHT_INIT, clientMode: true, ...dht }) }
  })
  await dial(node, server)
  return node
}

export async function dial (node: PageNode, { addrs }: ServerAddress): Promise<void> {
  await node.dial(addrs.map(addr => multiaddr(addr)))
}
