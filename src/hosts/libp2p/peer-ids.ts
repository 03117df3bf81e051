import { peerIdFromMultihash } from '@libp2p/peer-id'
import { decode } from 'multiformats/hashes/digest'
import { LruCache } from '../../cache/lru-cache.ts'
import { bytesToMapKey } from '../../keyspace/key.ts'
import { DialError } from '../../rpc/errors.ts'
import { MAX_CACHED_PEER_IDS } from './limits.ts'
import type { PeerId } from '@libp2p/interface'

/** Peer ids as libp2p wants them. The latest {@link MAX_CACHED_PEER_IDS} asked for are kept. */
export class PeerIds {
  readonly #known = new LruCache<PeerId>(MAX_CACHED_PEER_IDS)

  /**
   * The peer id of a multihash.
   *
   * @param multihash - its bytes
   * @param name - {@link bytesToMapKey} of them, for those who know it
   * @throws {DialError} it is none, or that of a key which does not exist
   */
  of (multihash: Uint8Array, name: string = bytesToMapKey(multihash)): PeerId {
    const known = this.#known.get(name)
    if (known != null) {
      return known
    }
    const peerId = decodePeerId(multihash)
    this.#known.set(name, peerId)
    return peerId
  }
}

function decodePeerId (multihash: Uint8Array): PeerId {
  try {
    return peerIdFromMultihash(decode(multihash))
  } catch (err) {
    throw new DialError('the peer\'s id is not that of any key: nobody can prove to be it, drop it', { cause: err })
  }
}
