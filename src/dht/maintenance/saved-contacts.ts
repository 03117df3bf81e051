import type { ContactStore } from '../../store/contact-store.ts'
import type { DhtContext } from '../context.ts'

/** Remember the contacts of an earlier run: they are asked when we join. */
export async function loadContacts ({ peers, config }: DhtContext, store: ContactStore | undefined): Promise<void> {
  const saved = await store?.load() ?? []
  for (const contact of saved.toReversed()) { // closest first: those remembered last stay longest
    peers.remember(config.heard(contact))
  }
}

/** Keep the contacts of the routing table for the next run. With none, those of earlier are better. */
export async function saveContacts ({ peers: { table }, self, log }: DhtContext, store: ContactStore | undefined): Promise<void> {
  if (table.size === 0) {
    return
  }
  try {
    await store?.save(table.closest(self.key, table.size))
  } catch (err) {
    log('could not keep the contacts: %e', err)
  }
}
