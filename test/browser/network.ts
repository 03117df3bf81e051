import { passthroughMapper } from '../../src/index.ts'
import type { KadDHTInit } from '../../src/index.ts'

/** A Node server of the network, as the page is told of it. */
export interface ServerAddress {
  readonly kind: 'ours' | 'theirs'
  readonly id: string
  /** Multiaddrs that end in the id. */
  readonly addrs: readonly string[]
}

/** The environment variable that holds the {@link ServerAddress}es, as JSON. */
export const SERVERS_VARIABLE = 'KAD_SERVERS'

/** The options of every DHT of the network, in Node.js and in the browser. */
export const DHT_INIT: KadDHTInit = {
  protocol: '/browser/kad/1.0.0',
  peerInfoMapper: passthroughMapper,
  initialQuerySelfInterval: 1,
  validators: {
    v (_key, value) {
      if (value.byteLength === 0) {
        throw new Error('a value of /v/ has at least one byte')
      }
    }
  },
  selectors: { v: () => 0 }
}

/** What the servers put and provide before the page comes. */
export const FROM_NODE = {
  key: '/v/from-node',
  value: 'put by a Node server',
  provided: 'provided by a Node server of either kind'
}
