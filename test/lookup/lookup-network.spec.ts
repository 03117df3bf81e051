import { expect } from 'aegir/chai'
import { keyFromBytes } from '../../src/keyspace/key.ts'
import { Lookup } from '../../src/lookup/lookup.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { RandomNetwork, bruteClosest } from './random-network.ts'
import { keys, simulate } from './simulate.ts'
import type { NetworkInit } from './random-network.ts'
import type { Outcome, Simulation } from './simulate.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Key } from '../../src/keyspace/key.ts'

/** ms */
const SLOW_AFTER = 100
const ALPHA = 4

interface Run extends Simulation {
  network: RandomNetwork
  lookup: Lookup
  target: Key
  asker: Contact
}

interface Scenario extends NetworkInit {
  lookups: number
  /** Default 1. */
  paths?: number
  /** Default no. */
  asksAgain?: boolean
  /** What an answer carries besides what the table of the answerer says. */
  hearsay? (network: RandomNetwork, target: Key): readonly Contact[]
}

/** Lookups for random keys, by random nodes; the dead let a request run out of time. */
function * runs ({ lookups, paths, asksAgain, hearsay, ...init }: Scenario): Generator<Run> {
  const network = new RandomNetwork(init)
  for (let i = 0; i < lookups; i++) {
    const target = network.randomKey()
    const asker = network.living[network.random.below(network.living.length)]
    let moreSeeds: readonly Contact[] = []
    const lookup = new Lookup({
      target,
      self: asker.key,
      seeds: network.closest(asker, target) ?? [],
      moreSeeds: () => {
        moreSeeds = network.closest(asker, target, init.nodes) ?? []
        return moreSeeds
      },
      k: network.k,
      alpha: ALPHA,
      paths,
      asksAgain,
      slowAfter: () => SLOW_AFTER
    })
    const extra = hearsay?.(network, target) ?? []
    const simulation = simulate(lookup, SLOW_AFTER, (contact, about): Outcome => {
      const closer = network.closest(contact, about?.key ?? target)
      // one in six of the living is slow
      return closer == null ? { after: 500, closer: 'failure' } : { after: 1 + network.random.below(120), closer: [...closer, ...extra] }
    })
    yield { ...simulation, named: [...simulation.named, ...moreSeeds], network, lookup, target, asker }
  }
}

/** `count` networks (in a browser, {@link repetitions}), each of another seed and size; a third of them with one path, the others with as many as slots, or more. */
function * scenarios (count: number, init: Omit<Scenario, 'seed' | 'nodes' | 'k' | 'paths'>): Generator<Run> {
  for (let seed = 1; seed <= repetitions(count); seed++) {
    const paths = [1, ALPHA, 10][seed % 3]
    yield * runs({ ...init, paths, seed, nodes: 2 + (seed * 37) % 150, k: 1 + (seed * 7) % 20 })
  }
}

function others (contacts: readonly Contact[], asker: Contact): Contact[] {
  return contacts.filter(contact => contact !== asker && keys([contact])[0] !== keys([asker])[0])
}

/** What must hold of every lookup, whatever the tables are worth. */
function expectSound ({ done, asked, askedAgain, named, mostInFlight, network, lookup, target, asker }: Run): void {
  const living = others(named, asker).filter(contact => !network.isDead(contact))

  // it claims exactly the k closest of the living that were named to it, so none that is dead
  expect(keys(done.closest)).to.deep.equal(keys(bruteClosest(living, target, network.k)))
  expect(done.reason).to.equal(done.closest.length === network.k ? 'converged' : 'exhausted')
  expect(new Set(keys(asked)).size, 'each asked once').to.equal(asked.length)
  expect(mostInFlight).to.be.at.most(ALPHA)
  expect(lookup.asked).to.equal(asked.length + askedAgain.length)
  expect(new Set(keys(askedAgain.map(({ contact }) => contact))).size, 'and once more at the most').to.equal(askedAgain.length)
}

describe('Lookup on random networks', function () {
  this.timeout(20_000)

  it('finds the true k closest when all are alive', () => {
    for (const run of scenarios(60, { lookups: 8, dead: 0, tables: 'with-the-dead' })) {
      expectSound(run)
      expect(keys(run.done.closest)).to.deep.equal(keys(bruteClosest(others(run.network.living, run.asker), run.target, run.network.k)))
    }
  })

  it('finds the true k closest of the living when tables are proper, though the closest dead are named in every answer', () => {
    const hearsay: Scenario['hearsay'] = (network, target) => bruteClosest(network.dead, target, 20)
    for (const run of scenarios(60, { lookups: 8, dead: 0.4, tables: 'of-the-living', hearsay })) {
      expectSound(run)
      expect(keys(run.done.closest)).to.deep.equal(keys(bruteClosest(others(run.network.living, run.asker), run.target, run.network.k)))
    }
  })

  it('finds the k closest of the living it can hear of when the tables are full of dead, be it asking again or not', () => {
    for (const asksAgain of [false, true]) {
      for (const dead of [0.1, 0.4]) {
        for (const run of scenarios(60, { lookups: 8, dead, tables: 'with-the-dead', asksAgain })) {
          expectSound(run)
        }
      }
    }
  })

  it('misses some of the living while 40 % of a network are dead and unnoticed, unless it asks again or replacements took their places', () => {
    const figures = (init: Pick<Scenario, 'tables' | 'asksAgain'>): { recall: number, requests: number } => {
      let found = 0
      let wanted = 0
      let requests = 0
      for (const run of runs({ seed: 1, nodes: 400, k: 20, dead: 0.4, lookups: 50, ...init })) {
        const truth = keys(bruteClosest(others(run.network.living, run.asker), run.target, 20))
        const closest = new Set(keys(run.done.closest))
        wanted += truth.length
        found += truth.filter(key => closest.has(key)).length
        requests += run.lookup.asked
      }
      return { recall: found / wanted, requests }
    }
    const asksOnce = figures({ tables: 'with-the-dead' })
    const asksAgain = figures({ tables: 'with-the-dead', asksAgain: true })

    expect(asksOnce.recall).to.be.within(0.8, 0.95)
    expect(asksAgain.recall).to.be.above(0.98)
    expect(asksAgain.requests / asksOnce.requests, 'that are more by an eighth').to.be.below(1.125)
    expect(figures({ tables: 'repaired' }).recall).to.be.above(0.99)
  })

  it('keeps what it has when it is stopped at any point', () => {
    const network = new RandomNetwork({ seed: 5, nodes: 60, k: 5, dead: 0.2, tables: 'with-the-dead' })
    const target = network.randomKey()
    const stopAt = (asks: number): { lookup: Lookup, done: Simulation['done'] } => {
      const lookup = new Lookup({ target, seeds: network.living.slice(0, 5), k: 5, alpha: ALPHA, slowAfter: () => SLOW_AFTER })
      const { done } = simulate(lookup, SLOW_AFTER, (contact) => {
        if (lookup.asked === asks) {
          lookup.stop()
        }
        return { after: 10, closer: network.closest(contact, target) ?? 'failure' }
      })
      return { lookup, done }
    }
    const asks = stopAt(Infinity).lookup.asked
    expect(asks).to.be.above(5)

    for (let i = 1; i <= asks; i++) {
      const { lookup, done } = stopAt(i)
      const answered = lookup.candidates.filter(({ state }) => state === 'answered').map(({ contact }) => contact)

      expect(done.reason).to.equal('stopped')
      expect(lookup.asked).to.equal(i)
      expect(keys(done.closest)).to.deep.equal(keys(bruteClosest(answered, target, 5)))
      expect(done.closest.every(contact => !network.isDead(contact))).to.equal(true)
    }
  })

  it('is not held up by slow peers: twelve of them cost little more than one', () => {
    const network = new RandomNetwork({ seed: 6, nodes: 100, k: 20, dead: 0, tables: 'with-the-dead' })
    const target = network.randomKey()
    const slow = new Set(keys(bruteClosest(network.living, target, 12)))
    const lookup = new Lookup({ target, seeds: network.living.slice(0, 20), alpha: ALPHA, slowAfter: () => SLOW_AFTER })
    const { done, took } = simulate(lookup, SLOW_AFTER, contact => ({
      after: slow.has(keys([contact])[0]) ? 5_000 : 10,
      closer: network.closest(contact, target) ?? []
    }))

    expect(keys(done.closest)).to.deep.equal(keys(bruteClosest(network.living, target, 20)))
    // in rounds of alpha, each begun when the last one turned out slow; not three times 5 s
    expect(took).to.be.within(5_000, 6_000)
  })

  it('asks about as many peers with many paths as with one, over as many hops', () => {
    const means = (paths: number): { asked: number, hops: number } => {
      const lookups = [1, 2, 3].flatMap(seed => Array.from(
        runs({ seed, nodes: 300, k: 20, dead: 0, tables: 'with-the-dead', lookups: 50, paths }),
        ({ lookup: { asked, hops } }) => ({ asked, hops })
      ))
      const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
      return { asked: mean(lookups.map(({ asked }) => asked)), hops: mean(lookups.map(({ hops }) => hops)) }
    }
    const [one, many] = [1, ALPHA].map(means)

    // one in six is slow, and beside each of these another may be asked
    expect(many.asked / one.asked).to.be.within(0.98, 1.07)
    expect(many.hops / one.hops).to.be.within(0.97, 1.03)
  })

  it('is not held up, with alpha paths, by a seed that names twenty silent peers close to the target', () => {
    for (let seed = 1; seed <= repetitions(10); seed++) {
      const [one, many] = [1, ALPHA].map(paths => attacked(seed, paths))

      for (const { done, asked, truth } of [one, many]) {
        expect(keys(done.closest)).to.deep.equal(truth)
        expect(new Set(keys(asked)).size, 'each asked once').to.equal(asked.length)
      }
      // with one path it waits for the silent ones to fail; with many, until the slots are taken back from them
      expect(one.found).to.be.above(SILENCE)
      expect(many.found).to.be.below(10 * SLOW_AFTER)
    }
  })
})

/** A request to a silent peer fails after so many ms. */
const SILENCE = 5_000

interface Attack extends Simulation {
  /** The keys of the k closest honest nodes. */
  truth: string[]
  /** When the last of these answered: ms after the lookup began. */
  found: number
}

/** A lookup from far away, by seeds of which the closest is an attacker: it names twenty that are closer than all others and never answer. */
function attacked (seed: number, paths: number): Attack {
  const network = new RandomNetwork({ seed, nodes: 300, k: 20, dead: 0, tables: 'with-the-dead' })
  const target = network.randomKey()
  const silent: Contact[] = Array.from({ length: 20 }, (_, i) => {
    const id = Uint8Array.from(target)
    id[31] ^= i + 1
    return { id, key: keyFromBytes(id), addrs: [] }
  })
  const seeds = bruteClosest(network.living, target, 300).slice(150, 170)
  const lookup = new Lookup({ target, seeds, k: 20, alpha: ALPHA, paths, slowAfter: () => SLOW_AFTER })
  const simulation = simulate(lookup, SLOW_AFTER, (contact): Outcome => {
    if (silent.includes(contact)) {
      return { after: SILENCE, closer: 'failure' }
    }
    return contact === seeds[0]
      ? { after: 1, closer: silent }
      : { after: 10 + network.random.below(40), closer: network.closest(contact, target) ?? [] }
  })
  const truth = keys(bruteClosest(network.living, target, 20))
  return { ...simulation, truth, found: Math.max(...truth.map(key => simulation.answeredAt.get(key) ?? Infinity)) }
}
