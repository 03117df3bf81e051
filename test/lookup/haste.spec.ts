import { expect } from 'aegir/chai'
import { Lookup } from '../../src/lookup/lookup.ts'
import fc from '../helpers/fast-check.ts'
import { tinyContact, tinyKey } from '../helpers/tiny.ts'
import { RandomNetwork, bruteClosest } from './random-network.ts'
import { keys, simulate } from './simulate.ts'
import type { Outcome, Simulation } from './simulate.ts'

const K = 20
const ALPHA = 10

/** ms: an answer, when a peer counts as slow, and when a request to a silent one fails. */
const ANSWER = 200
const SLOW_AFTER = 300
const FAILURE = 500

/** Whom the lookup asks now. */
function ask (lookup: Lookup, now: number): number[] {
  const asked: number[] = []
  for (let step = lookup.next(now); step.type === 'ask'; step = lookup.next(now)) {
    asked.push(step.contact.key[0])
  }
  return asked
}

/** Seeds 1 to 19, four slots, six in haste. */
function hastyLookup (k = 8): Lookup {
  const seeds = Array.from({ length: 19 }, (_, i) => tinyContact(i + 1))
  return new Lookup({ target: tinyKey(0), seeds, k, alpha: 4, burst: 6, paths: 4, slowAfter: () => 10 })
}

describe('Lookup: haste', () => {
  it('begins once half of alpha have answered', () => {
    const lookup = hastyLookup()
    expect(ask(lookup, 0)).to.deep.equal([1, 2, 3, 4])
    lookup.onResponse(tinyKey(1), [])
    expect(ask(lookup, 1), 'one has').to.deep.equal([5])
    lookup.onResponse(tinyKey(2), [])
    expect(ask(lookup, 2), 'two have').to.deep.equal([6, 7, 8])
  })

  it('reaches as far as it takes for k to answer, by the share of those that did not', () => {
    const lookup = hastyLookup()
    ask(lookup, 0)
    lookup.onResponse(tinyKey(1), [])
    lookup.onResponse(tinyKey(2), [])
    lookup.onFailure(tinyKey(3))
    expect(ask(lookup, 1), 'five slots are free').to.deep.equal([5, 6, 7, 8, 9])
    lookup.onResponse(tinyKey(4), [])
    lookup.onResponse(tinyKey(5), [])
    // four answered and one of five did not: 1 2 4 5 are there, of the next five four are expected
    expect(ask(lookup, 2)).to.deep.equal([10])
  })

  it('reaches no farther before half of alpha have answered, whoever fails', () => {
    const lookup = hastyLookup(3)
    expect(ask(lookup, 0)).to.deep.equal([1, 2, 3])
    lookup.onFailure(tinyKey(1))
    expect(ask(lookup, 1), 'none has answered').to.deep.equal([4])
    lookup.onResponse(tinyKey(2), [])
    expect(ask(lookup, 2), 'one has').to.deep.equal([])
    lookup.onResponse(tinyKey(3), [])
    expect(ask(lookup, 3), 'two have').to.deep.equal([5])
  })

  it('reaches twice as far at the most, however many fail', () => {
    const seeds = Array.from({ length: 30 }, (_, i) => tinyContact(i + 1))
    const lookup = new Lookup({ target: tinyKey(0), seeds, k: 8, alpha: 2, burst: 20, paths: 2, slowAfter: () => 10 })
    expect(ask(lookup, 0)).to.deep.equal([1, 2])
    lookup.onFailure(tinyKey(1))
    expect(ask(lookup, 1)).to.deep.equal([3])
    lookup.onFailure(tinyKey(2))
    lookup.onFailure(tinyKey(3))
    expect(ask(lookup, 2)).to.deep.equal([4, 5])
    lookup.onResponse(tinyKey(4), [])
    // three of four did not answer: of the next fourteen seven are expected to
    expect(ask(lookup, 3).at(-1)).to.equal(18)
  })

  it('counts a slow one as silent until it answers', () => {
    const lookup = hastyLookup()
    ask(lookup, 0)
    lookup.onResponse(tinyKey(1), [])
    lookup.onResponse(tinyKey(2), [])
    expect(ask(lookup, 1)).to.deep.equal([5, 6, 7, 8])
    // 3 and 4 are slow at 10: two of four are silent, so those in flight count a half
    expect(ask(lookup, 10)).to.deep.equal([9, 10])
    lookup.onResponse(tinyKey(3), [])
    lookup.onResponse(tinyKey(4), [])
    lookup.onResponse(tinyKey(5), [])
    lookup.onResponse(tinyKey(6), [])
    expect(ask(lookup, 10), 'all who are there have answered: no farther than k').to.deep.equal([])
    lookup.onFailure(tinyKey(7))
    lookup.onFailure(tinyKey(8))
    // six answered and two did not: 9 and 10 count three quarters each
    expect(ask(lookup, 10)).to.deep.equal([11])
  })

  it('counts those that are slow still when one of them has answered', () => {
    const lookup = hastyLookup()
    ask(lookup, 0)
    lookup.onResponse(tinyKey(1), [])
    lookup.onResponse(tinyKey(2), [])
    ask(lookup, 1)
    expect(ask(lookup, 10), '3 and 4 are slow').to.deep.equal([9, 10])
    lookup.onResponse(tinyKey(3), [])
    lookup.onResponse(tinyKey(5), [])
    lookup.onResponse(tinyKey(6), [])
    lookup.onFailure(tinyKey(7))
    // five answered and two did not, 4 and 7: of the next five 3.6 are expected
    expect(ask(lookup, 10)).to.deep.equal([11, 12])
  })

  it('is none unless there are more slots for it', () => {
    const seeds = Array.from({ length: 9 }, (_, i) => tinyContact(i + 1))
    const lookup = new Lookup({ target: tinyKey(0), seeds, k: 3, alpha: 3, paths: 3, slowAfter: () => 10 })
    expect(ask(lookup, 0)).to.deep.equal([1, 2, 3])
    lookup.onResponse(tinyKey(1), [])
    lookup.onFailure(tinyKey(2))
    expect(ask(lookup, 1)).to.deep.equal([4])
  })

  it('changes nothing about whom a lookup finds, nor of whom it waits for', () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 2, max: 120 }),
      fc.constantFrom(0, 0.2, 0.4),
      fc.constantFrom(1, ALPHA),
      (seed, nodes, dead, paths) => {
        const network = new RandomNetwork({ seed, nodes, k: K, dead, tables: 'with-the-dead' })
        const target = network.randomKey()
        const asker = network.living[0]
        const { done, named, asked, mostInFlight } = run(network, asker, target, { paths, burst: 2 * ALPHA, slow: 0.2 })
        const living = named.filter(contact => contact.key !== asker.key && !network.isDead(contact))
        // also those who took three times as long
        expect(keys(done.closest)).to.deep.equal(keys(bruteClosest(living, target, K)))
        expect(new Set(keys(asked)).size, 'each asked once').to.equal(asked.length)
        expect(mostInFlight).to.be.at.most(2 * ALPHA)
      }
    ), { numRuns: 150, seed: 7 })
  })

  it('ends a third sooner where all answer, and where 40 % are dead, for a tenth more requests at the most', () => {
    for (const dead of [0, 0.4]) {
      const network = new RandomNetwork({ seed: 3, nodes: 500, k: K, dead, tables: 'with-the-dead' })
      const total = { calm: { took: 0, asked: 0 }, hasty: { took: 0, asked: 0 } }
      for (const asker of network.living.slice(0, 40)) {
        const target = network.randomKey()
        for (const [mood, burst] of [['calm', ALPHA], ['hasty', 2 * ALPHA]] as const) {
          const { took, asked } = run(network, asker, target, { paths: ALPHA, burst, slow: 0 })
          total[mood].took += took
          total[mood].asked += asked.length
        }
      }
      expect(total.hasty.took / total.calm.took).to.be.below(0.72)
      expect(total.hasty.asked / total.calm.asked).to.be.below(1.1)
    }
  })
})

/** A lookup by `asker`; the share `slow` of the living takes three times as long as the others. */
function run (network: RandomNetwork, asker: RandomNetwork['living'][number], target: ReturnType<RandomNetwork['randomKey']>, { paths, burst, slow }: { paths: number, burst: number, slow: number }): Simulation {
  const lookup = new Lookup({ target, self: asker.key, seeds: network.closest(asker, target) ?? [], k: K, alpha: ALPHA, burst, paths, slowAfter: () => SLOW_AFTER })
  return simulate(lookup, SLOW_AFTER, (contact): Outcome => {
    const closer = network.closest(contact, target)
    return closer == null ? { after: FAILURE, closer: 'failure' } : { after: contact.key[31] / 256 < slow ? 3 * ANSWER : ANSWER, closer }
  })
}
