import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2pNodeOver } from './libp2p.ts'
import type { Libp2pNodeOptions, TestServices } from './libp2p.ts'
import type { Libp2p, ServiceMap } from '@libp2p/interface'

export interface SocketNodeOptions<T extends ServiceMap> extends Omit<Libp2pNodeOptions<T>, 'transport' | 'latency'> {
  /** Default: `tcp` */
  transport?: 'tcp' | 'ws'
}

const LISTEN = {
  tcp: '/ip4/127.0.0.1/tcp/0',
  ws: '/ip4/127.0.0.1/tcp/0/ws'
}

/** As `createLibp2pNode` of `libp2p.ts`, over real sockets on 127.0.0.1. Node only. */
export async function createLibp2pNode<T extends ServiceMap> (options: SocketNodeOptions<T> = {}): Promise<Libp2p<T & TestServices>> {
  const { transport = 'tcp', listen = [LISTEN[transport]], ...rest } = options
  return createLibp2pNodeOver({
    ...rest,
    transports: [transport === 'tcp' ? tcp() : webSockets()],
    addresses: { listen }
  })
}
