import { expect } from 'aegir/chai'
import { keyFromBytes } from '../../src/keyspace/key.ts'
import { RoutingTable } from '../../src/routing/routing-table.ts'
import fc from '../helpers/fast-check.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'

const SEED = 20260102
const K = 3
const SELF = keyFromBytes(new Uint8Array(5))

/** Keys of the half of the keyspace in which we do not live: four pairs, of which two differ in their last byte only. */
function keyOf (peer: number): Key {
  return keyFromBytes(Uint8Array.of(0x80 | peer >> 1, 0, 0, 0, peer & 1))
}

function contactOf (peer: number): Contact {
  return { id: Uint8Array.of(peer), key: keyOf(peer), addrs: [] }
}

/** A bucket that may not split, as two lists, least recently seen first. */
class Model {
  readonly contacts: Array<{ peer: number, lastSeen: number }> = []
  readonly replacements: Array<{ peer: number, lastSeen: number }> = []

  insert (peer: number, lastSeen: number): void {
    if (this.seen(peer, lastSeen)) {
      return
    }
    if (this.contacts.length < K) {
      this.contacts.push({ peer, lastSeen })
      return
    }
    this.#take(this.replacements, peer)
    this.replacements.push({ peer, lastSeen })
    this.replacements.splice(0, this.replacements.length - K)
  }

  seen (peer: number, lastSeen: number): boolean {
    const isContact = this.#take(this.contacts, peer)
    if (isContact) {
      this.contacts.push({ peer, lastSeen })
    }
    return isContact
  }

  remove (peer: number): void {
    if (!this.#take(this.contacts, peer)) {
      this.#take(this.replacements, peer)
      return
    }
    const replacement = this.replacements.pop()
    if (replacement != null) {
      this.contacts.push(replacement)
      this.contacts.sort((a, b) => a.lastSeen - b.lastSeen)
    }
  }

  #take (list: Array<{ peer: number }>, peer: number): boolean {
    const index = list.findIndex(entry => entry.peer === peer)
    return index !== -1 && list.splice(index, 1).length === 1
  }
}

function shown (entries: readonly { readonly id: Uint8Array, readonly lastSeen: number }[]): Array<{ peer: number, lastSeen: number }> {
  return entries.map(({ id, lastSeen }) => ({ peer: id[0], lastSeen }))
}

describe('a full bucket', () => {
  it('has those it would have as two lists, in the same order, whoever comes, answers and fails', () => {
    const peer = fc.nat({ max: 7 })
    const steps = fc.array(fc.tuple(fc.constantFrom('insert', 'insert', 'insert', 'seen', 'remove'), peer), { maxLength: 60 })
    fc.assert(fc.property(steps, steps => {
      const table = new RoutingTable({ self: SELF, k: K })
      const model = new Model()
      steps.forEach(([step, peer], now) => {
        if (step === 'insert') {
          table.insert(contactOf(peer), now)
          model.insert(peer, now)
        } else if (step === 'seen') {
          expect(table.seen(keyOf(peer), now)).to.equal(model.seen(peer, now))
        } else {
          table.remove(keyOf(peer))
          model.remove(peer)
        }
      })
      // only now: whoever looks puts the lists in order
      const buckets = [...table.buckets()]
      expect(buckets.flatMap(({ contacts }) => shown(contacts))).to.deep.equal(model.contacts)
      expect(buckets.flatMap(({ replacements }) => shown(replacements))).to.deep.equal(model.replacements)
      expect(table.size).to.equal(model.contacts.length)
      for (let peer = 0; peer < 8; peer++) {
        expect(table.get(keyOf(peer)) != null).to.equal(model.contacts.some(contact => contact.peer === peer))
      }
    }), { seed: SEED, numRuns: 1000 })
  })
})
