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
   * @throws {DialError} it is none, or that of a key which does not exist
   */
  of (multihash: Uint8Array): PeerId {
    const key = bytesToMapKey(multihash)
    const peerId = this.#known.get(key) ?? decodePeerId(multihash)
    this.#known.set(key, peerId)
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
