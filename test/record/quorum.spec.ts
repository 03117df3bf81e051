import { expect } from 'aegir/chai'
import { openRecords } from '../../src/record/open.ts'
import { Quorum } from '../../src/record/quorum.ts'
import fc from '../helpers/fast-check.ts'
import { contactNamed, sealOpenValue, utf8 } from './fixtures.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Verdict } from '../../src/record/quorum.ts'

const SEED = 20260101
const KEY = utf8('/kv/x')
const open = openRecords(100)
const select = async (values: readonly Uint8Array[]): Promise<number> => open.select(KEY, values)
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(contactNamed)

function names (contacts: readonly Contact[]): string[] {
  return contacts.map(({ id }) => new TextDecoder().decode(id))
}

function valueAt (time: number): Uint8Array {
  return sealOpenValue(utf8('x'), time)
}

describe('record/quorum', () => {
  it('begins with nothing', () => {
    const quorum = new Quorum(select)
    quorum.addWithout(a)
    expect(quorum.best).to.equal(undefined)
    expect(quorum.isBest(new Uint8Array())).to.equal(false)
    expect(quorum.size).to.equal(0)
    expect(names(quorum.without)).to.deep.equal(['a'])
  })

  it('tells better, same and worse, and who is to be corrected', async () => {
    const quorum = new Quorum(select)
    expect(await quorum.add(a, valueAt(2))).to.equal('better')
    expect(await quorum.add(b, valueAt(2))).to.equal('same')
    expect(await quorum.add(c, valueAt(1))).to.equal('worse')
    expect(names(quorum.agreeing)).to.deep.equal(['a', 'b'])
    expect(names(quorum.outdated)).to.deep.equal(['c'])
    expect(await quorum.add(d, valueAt(3))).to.equal('better')
    expect(quorum.best).to.equalBytes(valueAt(3))
    expect([quorum.isBest(valueAt(3)), quorum.isBest(valueAt(2))]).to.deep.equal([true, false])
    expect(names(quorum.agreeing)).to.deep.equal(['d'])
    expect(names(quorum.outdated)).to.deep.equal(['c', 'a', 'b'])
    expect(quorum.size).to.equal(4)
  })

  it('prefers the lesser bytes where the selector prefers whatever comes first, or last', async () => {
    for (const selector of [async () => 0, async (values: readonly Uint8Array[]) => values.length - 1]) {
      for (const order of [['a', 'b'], ['b', 'a']]) {
        const quorum = new Quorum(selector)
        for (const value of order) {
          await quorum.add(a, utf8(value))
        }
        expect(quorum.best).to.equalBytes(utf8('a'))
      }
    }
  })

  const answers = fc.array(fc.option(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 2 })), { nil: undefined }), { maxLength: 12 })
    .map(list => list.map((answer, i) => ({
      from: contactNamed(String(i)),
      value: answer == null ? undefined : sealOpenValue(Uint8Array.of(answer[1]), answer[0])
    })))
  const orders = answers.chain(list => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
  const selectors: Array<[string, (values: readonly Uint8Array[]) => Promise<number>]> = [
    ['the newest wins', select],
    ['the first wins', async () => 0],
    ['the last wins', async values => values.length - 1]
  ]

  for (const [name, selector] of selectors) {
    it(`comes to the same end in any order where ${name}`, async () => {
      const fold = async (list: Array<{ from: Contact, value: Uint8Array | undefined }>): Promise<Quorum> => {
        const quorum = new Quorum(selector)
        for (const { from, value } of list) {
          if (value == null) {
            quorum.addWithout(from)
          } else {
            await quorum.add(from, value)
          }
        }
        return quorum
      }
      await fc.assert(fc.asyncProperty(orders, async ([list, shuffled]) => {
        const [one, other] = [await fold(list), await fold(shuffled)]
        expect(other.best).to.deep.equal(one.best)
        expect(names(other.agreeing)).to.have.members(names(one.agreeing))
        expect(names(other.outdated)).to.have.members(names(one.outdated))
        expect(names(other.without)).to.have.members(names(one.without))
        expect(one.size + one.without.length).to.equal(list.length)
      }), { seed: SEED, numRuns: 500 })
    })
  }

  it('has everybody who gave the best among the agreeing, and nobody else', async () => {
    await fc.assert(fc.asyncProperty(answers, async list => {
      const quorum = new Quorum(select)
      const verdicts: Verdict[] = []
      for (const { from, value } of list) {
        if (value != null) {
          verdicts.push(await quorum.add(from, value))
        }
      }
      const given = list.flatMap(({ value }) => value == null ? [] : [value])
      expect(quorum.best).to.deep.equal(given[await select(given)])
      expect(verdicts.includes('better')).to.equal(given.length > 0)
      const holders = list.filter(({ value }) => value != null && quorum.best != null && String(value) === String(quorum.best))
      expect(names(quorum.agreeing)).to.deep.equal(names(holders.map(({ from }) => from)))
    }), { seed: SEED, numRuns: 300 })
  })
})
