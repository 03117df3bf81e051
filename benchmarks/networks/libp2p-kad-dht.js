import { kadDHT } from '@libp2p/kad-dht'
import { buildLibp2pNetwork } from './libp2p.js'

/** Milliseconds in which everybody is to find its neighbours: on a busy machine some of many never do. */
const SETTLE_MS = 120_000

/**
 * `@libp2p/kad-dht` as a service of libp2p hosts.
 *
 * @param init
 */
export async function build (init) {
  return buildLibp2pNetwork({ ...init, kadDHT, settleMs: SETTLE_MS })
}
