import { kadDHT } from '../../dist/src/index.js'
import { buildLibp2pNetwork } from './libp2p.js'

/**
 * kadmium as a service of libp2p hosts.
 *
 * @param init
 */
export async function build (init) {
  return buildLibp2pNetwork({ ...init, kadDHT })
}
