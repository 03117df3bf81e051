import { askOne } from '../operations/single.ts'
import type { Contact } from '../../keyspace/contact.ts'
import type { DhtContext } from '../context.ts'

/** Lost contacts that are asked at a time. */
const MAX_ASKED = 2

/**
 * Ask a few of the contacts that were lost, and one bootstrap address at which nobody has answered yet, drawn by lot, who
 * lives near us, and enter those who answer. When a network was parted for so long that each part has forgotten the other, or from the start,
 * nobody names those on the other side any more: it stays two networks unless somebody remembers.
 *
 * @throws the signal's reason, when aborted
 */
export async function meetAgain (dht: DhtContext, signal: AbortSignal): Promise<void> {
  await Promise.all([meetUnmet(dht, signal), ...drawLost(dht).map(async contact => askForNeighbours(dht, contact, signal))])
}

async function meetUnmet (dht: DhtContext, signal: AbortSignal): Promise<void> {
  const { config: { random }, unmet, peers, self, log } = dht
  if (unmet.size === 0) {
    return
  }
  const addr = [...unmet][random(1)[0] % unmet.size]
  try {
    const { response } = await askOne(dht, addr, { type: 'find-node', target: self.id }, { signal })
    unmet.delete(addr)
    response.closer.forEach(peer => { peers.verify(peer) })
  } catch (err) {
    signal.throwIfAborted()
    log('nobody answers yet at a bootstrap address: %e', err)
  }
}

function drawLost ({ peers, config: { random } }: DhtContext): Contact[] {
  const { lost } = peers
  const drawn: Contact[] = []
  while (drawn.length < MAX_ASKED && lost.length > 0) {
    drawn.push(...lost.splice(random(1)[0] % lost.length, 1))
  }
  return drawn
}

async function askForNeighbours ({ peers, self, log }: DhtContext, contact: Contact, signal: AbortSignal): Promise<void> {
  try {
    const { closer } = await peers.askInTime(contact, { type: 'find-node', target: self.id }, signal)
    closer.forEach(peer => { peers.verify(peer) })
  } catch (err) {
    signal.throwIfAborted()
    log('lost contact %b is still away: %e', contact.id, err)
  }
}
