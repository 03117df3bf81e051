import { expect } from 'aegir/chai'
import { Candidates } from '../../src/lookup/candidates.ts'
import fc from '../helpers/fast-check.ts'
import { numbers, tinyContact, tinyKey } from '../helpers/tiny.ts'
import { bruteClosest } from './random-network.ts'
import type { Key } from '../../src/keyspace/key.ts'

function show (candidates: Candidates): number[] {
  return numbers(candidates.sorted.map(candidate => candidate.contact))
}

describe('Candidates', () => {
  it('keeps the closest first', () => {
    const candidates = new Candidates(tinyKey(0b0110), 10)
    for (const byte of [0b0001, 0b0100, 0b0111, 0b0010]) {
      candidates.add(tinyContact(byte), 1, 0)
    }

    expect(show(candidates)).to.deep.equal([0b0111, 0b0100, 0b0010, 0b0001])
  })

  it('takes each key once, as it was named first', () => {
    const candidates = new Candidates(tinyKey(0), 10)
    const first = tinyContact(1, [Uint8Array.of(1)])
    candidates.add(first, 3, 0)
    candidates.add(tinyContact(1, [Uint8Array.of(2)]), 1, 0)

    expect(candidates.sorted).to.have.lengthOf(1)
    expect(candidates.get(tinyKey(1))).to.include({ contact: first, hop: 3 })
    expect(candidates.get(tinyKey(2))).to.equal(undefined)
  })

  it('drops the farthest beyond its limit', () => {
    const candidates = new Candidates(tinyKey(0), 2)
    for (const byte of [3, 2, 9, 1]) {
      candidates.add(tinyContact(byte), 1, 0)
    }

    expect(show(candidates)).to.deep.equal([1, 2])
  })

  it('never drops one that was asked, so that it cannot be asked again', () => {
    const candidates = new Candidates(tinyKey(0), 2)
    candidates.add(tinyContact(8), 1, 0)
    const asked = candidates.get(tinyKey(8))
    expect(asked).to.not.equal(undefined)
    if (asked != null) {
      asked.state = 'asked'
    }
    for (const byte of [7, 6, 5]) {
      candidates.add(tinyContact(byte), 2, 0)
    }

    expect(show(candidates)).to.deep.equal([5, 8])
  })

  it('orders keys of any length, even if they differ in the last byte only', () => {
    const key = fc.integer({ min: 1, max: 32 }).chain(length => fc.uint8Array({ minLength: length, maxLength: length }))
    const near = key.chain(bytes => fc.tuple(fc.constant(bytes), fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 30 })))
    fc.assert(fc.property(near, ([bytes, changes]) => {
      const target = bytes as Key
      const contacts = changes.map(([at, to]) => {
        const changed = Uint8Array.from(bytes)
        changed[at] = to
        return { id: changed, key: changed as Key, addrs: [] }
      })
      const candidates = new Candidates(target, 100)
      contacts.forEach(contact => { candidates.add(contact, 1, 0) })

      expect(candidates.sorted.map(candidate => candidate.contact.key.join('.')))
        .to.deep.equal(bruteClosest(contacts, target, 100).map(contact => contact.key.join('.')))
      expect(contacts.every(contact => candidates.get(contact.key) != null)).to.equal(true)
    }), { seed: 20020307, numRuns: 500 })
  })
})
