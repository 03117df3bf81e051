import { bytesEqual } from '../../wire/bytes-equal.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Key } from '../../keyspace/key.ts'
import type { RoutingTable } from '../../routing/routing-table.ts'

/** What the handlers need to name the peers closest to a key. */
export interface Neighbourhood {
  readonly table: RoutingTable
  readonly k: number
}

/** The k closest known peers to `target`, closest first, without the asker: it knows itself. */
export function closerPeers ({ table, k }: Neighbourhood, target: Key, asker: PeerInfo): PeerInfo[] {
  const closest = table.closest(target, k + 1)
  const index = closest.findIndex(({ id }) => bytesEqual(id, asker.id))
  closest.splice(index < 0 ? k : index, 1)
  return closest
}
