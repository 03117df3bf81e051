import { bytesToMapKey } from '../keyspace/key.ts'
import { IndexedPublicationStore } from './indexed-publications.ts'
import { noLog } from './log.ts'
import type { Publication } from './publication-store.ts'

/** The publisher's list in memory: gone when the process ends. */
export class MemoryPublicationStore extends IndexedPublicationStore {
  constructor () {
    const rows = new Map<string, Publication>()
    super({
      async get (key) { return rows.get(bytesToMapKey(key)) },
      async put (publication) { rows.set(bytesToMapKey(publication.key), publication) },
      async delete (key) { rows.delete(bytesToMapKey(key)) }
    }, [], noLog)
  }
}
