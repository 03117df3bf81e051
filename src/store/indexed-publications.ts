import { bytesToMapKey } from '../keyspace/key.ts'
import { CorruptRowError } from './errors.ts'
import { Turns } from './turns.ts'
import type { Log } from './log.ts'
import type { Publication, PublicationStore, PublicationTimes } from './publication-store.ts'

/** Where the publications of an {@link IndexedPublicationStore} lie. Writes to one key come one after the other. */
export interface PublicationRows {
  /** @throws {CorruptRowError} it cannot be read */
  get (key: Uint8Array): Promise<Publication | undefined>
  put (publication: Publication): Promise<void>
  delete (key: Uint8Array): Promise<void>
}

/** What all publication stores have in common: the times of all in memory, so that to know what is due reads no value. */
export class IndexedPublicationStore implements PublicationStore {
  readonly #rows: PublicationRows
  readonly #times: Map<string, PublicationTimes>
  readonly #log: Log
  readonly #turns = new Turns()

  /** `times`: what lies in `rows` already. */
  constructor (rows: PublicationRows, times: Iterable<PublicationTimes>, log: Log) {
    this.#rows = rows
    this.#times = new Map(Array.from(times, each => [bytesToMapKey(each.key), each]))
    this.#log = log
  }

  async get (key: Uint8Array): Promise<Publication | undefined> {
    const id = bytesToMapKey(key)
    return this.#times.has(id) ? this.#turns.take(id, async () => this.#read(id, key)) : undefined
  }

  async put (publication: Publication): Promise<void> {
    const { key, published, life } = publication
    const id = bytesToMapKey(key)
    await this.#turns.take(id, async () => {
      await this.#rows.put(publication)
      this.#times.set(id, { key, published, life })
    })
  }

  async delete (key: Uint8Array): Promise<void> {
    const id = bytesToMapKey(key)
    await this.#turns.take(id, async () => {
      if (this.#times.has(id)) {
        await this.#rows.delete(key)
        this.#times.delete(id)
      }
    })
  }

  times (): Iterable<PublicationTimes> {
    return [...this.#times.values()]
  }

  async #read (id: string, key: Uint8Array): Promise<Publication | undefined> {
    try {
      return await this.#rows.get(key)
    } catch (err) {
      if (!(err instanceof CorruptRowError)) {
        throw err
      }
      this.#log('dropping the corrupt publication at %b: %e', key, err)
      this.#times.delete(id)
      await this.#rows.delete(key).catch(err => { this.#log('a corrupt publication stays, unused: %e', err) })
      return undefined
    }
  }
}
