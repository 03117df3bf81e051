import { kadDHT as theirKadDHT } from '@libp2p/kad-dht'
import { kadDHT as ourKadDHT } from '../../src/index.ts'
import type { KadDHT, KadDHTComponents, KadDHTInit } from '@libp2p/kad-dht'

export type Implementation = 'ours' | 'theirs'

export const IMPLEMENTATIONS: readonly Implementation[] = ['ours', 'theirs']

/** The two services that are put into one network: the same options, the same components, the same operations. */
export const kadDHT: Readonly<Record<Implementation, (init: KadDHTInit) => (components: KadDHTComponents) => KadDHT>> = {
  ours: ourKadDHT,
  theirs: theirKadDHT
}
