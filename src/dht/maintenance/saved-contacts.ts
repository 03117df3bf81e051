import type { ContactStore } from '../../store/contact-store.ts'
import type { DhtContext } from '../context.ts'

/** Milliseconds from a new contact to when it is saved: with it, all that came meanwhile. */
const SAVE_AFTER_MS = 60_000

/** The same for the very first: a node that was killed before would know nobody. Those that joining finds come within it. */
const FIRST_SAVE_AFTER_MS = 5_000

/** Keeps the contacts of the routing table for the next run, so that a node that was killed comes back too. */
export class SavedContacts {
  readonly #dht: DhtContext
  readonly #store: ContactStore | undefined
  #isSaving = false
  #saveAfter = FIRST_SAVE_AFTER_MS

  /** Without a store it does nothing. */
  constructor (dht: DhtContext, store: ContactStore | undefined) {
    this.#dht = dht
    this.#store = store
  }

  /** Remember the contacts of an earlier run: they are asked when we join. */
  async load (): Promise<void> {
    const { peers, config } = this.#dht
    const saved = await this.#store?.load() ?? []
    for (const contact of saved.toReversed()) { // closest first: those remembered last stay longest
      peers.remember(config.heard(contact))
    }
  }

  /** There is a new contact. */
  onContact (): void {
    const { config: { clock }, tasks } = this.#dht
    if (this.#store == null || this.#isSaving) {
      return
    }
    this.#isSaving = true
    tasks.after(clock, this.#saveAfter, async () => {
      this.#isSaving = false
      await this.save()
    })
    this.#saveAfter = SAVE_AFTER_MS
  }

  /** Keep the contacts of now, and behind them those that were lost: perhaps only the way to them was. With none, those of earlier are better. */
  async save (): Promise<void> {
    const { peers: { table, lost }, self, log } = this.#dht
    if (table.size === 0) {
      return
    }
    try {
      await this.#store?.save([...table.closest(self.key, table.size), ...lost])
    } catch (err) {
      log('could not keep the contacts: %e', err)
    }
  }
}
