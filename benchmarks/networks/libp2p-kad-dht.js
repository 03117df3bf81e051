import { kadDHT } from '@libp2p/kad-dht'
import { buildLibp2pNetwork } from './libp2p.js'

/**
 * `@libp2p/kad-dht` as a service of libp2p hosts.
 *
 * @param init
 */
export async function build (init) {
  return buildLibp2pNetwork({ ...init, kadDHT })
}
