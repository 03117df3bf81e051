import { createLibp2pHost } from '../../src/hosts/libp2p/host.ts'
import { MAX_PAUSED_BYTES, MAX_UNREAD_BYTES } from '../../src/hosts/libp2p/limits.ts'
import type { Libp2pHost, Libp2pHostComponents, Libp2pHostOptions } from '../../src/hosts/libp2p/host.ts'
import type { HostSetup, TestHost } from '../compliance/network.ts'
import type { Libp2pNodeOptions, TestServices } from '../helpers/libp2p.ts'
import type { IdentifyResult, Libp2p } from '@libp2p/interface'
import type { ConnectionManager, Registrar, TransportManager } from '@libp2p/interface-internal'

/** What a node is made of: more than a host asks for. */
type Components = Libp2pHostComponents & { connectionManager: ConnectionManager, registrar: Registrar, transportManager: TransportManager }

interface HostService {
  host: Libp2pHost
  inside: { components: Components }
  [name: string]: unknown
}

/** A libp2p node, and the host under test as one of its services. */
export type HostNode = Libp2p<HostService & TestServices>

export type NodeOptions = Omit<Libp2pNodeOptions<HostService>, 'services' | 'transport'>

/** One of the two `createLibp2pNode` of the helpers. */
export type CreateNode = (options: NodeOptions & Pick<Libp2pNodeOptions<HostService>, 'services'>) => Promise<HostNode>

/** A libp2p node with a host. */
export async function hostNode (create: CreateNode, options: Libp2pHostOptions = {}, nodeOptions: NodeOptions = {}): Promise<HostNode> {
  return create({
    ...nodeOptions,
    services: {
      host: (components: Components) => createLibp2pHost(components, options),
      inside: (components: Components) => ({ components })
    }
  })
}

/** For another host on the same node, and for what a host has no part in. */
export function componentsOf (node: HostNode): Components {
  return node.services.inside.components
}

/** Stop host and node, if they run. */
export async function stopNode (node: HostNode): Promise<void> {
  await node.services.host.stop()
  await node.stop()
}

export function asTestHost (node: HostNode): TestHost {
  const { host } = node.services
  return {
    host,
    addr: host.self.addrs[0],
    stop: async () => stopNode(node),
    openStreams: () => host.openStreams
  }
}

/** Resolves when `listener` has heard over identify what `dialler` says of itself. */
export async function connectAndIdentify (dialler: HostNode, listener: HostNode): Promise<void> {
  const identified = new Promise<void>(resolve => {
    const onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
      if (detail.peerId.equals(dialler.peerId)) {
        listener.removeEventListener('peer:identify', onIdentify)
        resolve()
      }
    }
    listener.addEventListener('peer:identify', onIdentify)
  })
  await dialler.dial(listener.getMultiaddrs())
  await identified
}

/** The suite opens more streams at once than libp2p would let it by default. */
const ENOUGH_STREAMS = { maxInboundStreams: 128, maxOutboundStreams: 128 }

/** Chunks on their way. */
const SLACK = 8 * 65_536

/** Twice yamux' window if it was made smaller, since it is granted anew when half is used; what a stream of ours takes before it pauses; and some chunks. */
export function libp2pSetup (create: CreateNode, nodeOptions: NodeOptions = {}): HostSetup {
  const { maxStreamWindowSize } = nodeOptions
  return {
    maxInFlight: (maxStreamWindowSize == null ? MAX_PAUSED_BYTES : 2 * maxStreamWindowSize) + MAX_UNREAD_BYTES + SLACK,
    async create () {
      const running: HostNode[] = []
      return {
        async host () {
          const node = await hostNode(create, ENOUGH_STREAMS, nodeOptions)
          running.push(node)
          return asTestHost(node)
        },
        /** What a dialler serves comes with identify, which runs beside the first streams of a connection. */
        async acquaint (from, to) {
          const [dialler, listener] = [from, to].map(({ host }) => running.find(({ services }) => services.host === host))
          if (dialler != null && listener != null) {
            await connectAndIdentify(dialler, listener)
          }
        },
        async stop () {
          await Promise.all(running.map(async ({ services }) => services.host.stop()))
          // libp2p waits up to half a second for a connection to end in good order, which says nothing about a host
          running.forEach(node => { node.getConnections().forEach(connection => { connection.abort(new Error('the check is over')) }) })
          await Promise.all(running.map(stopNode))
        }
      }
    }
  }
}
