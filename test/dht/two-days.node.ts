import { expect } from 'aegir/chai'
import { keyOf } from '../../src/keyspace/key.ts'
import { bytes, utf8 } from '../helpers/protobuf.ts'
import { QUICK } from '../helpers/quick.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const HOUR = 3_600_000
const NODES = QUICK ? 400 : 1_000

/** As by default, but less often: what a node does every hour for its table takes most of the time of a simulation. */
const SELDOM = { selfLookupInterval: 24 * HOUR, refreshInterval: 48 * HOUR, replicateInterval: 10 * HOUR }

/** How many there are of each. */
const EACH = 8

// values, by the life they have, and provided multihashes
const FOR_A_DAY = Array.from({ length: EACH }, (_, i) => `for a day ${i}`)
const FOR_TWO_DAYS = Array.from({ length: EACH }, (_, i) => `for two days ${i}`)
const KEPT_ALIVE = Array.from({ length: EACH }, (_, i) => `kept alive ${i}`)
const PROVIDED_ONCE = Array.from({ length: EACH }, (_, i) => multihash(`provided once ${i}`))
const PROVIDED_ON = Array.from({ length: EACH }, (_, i) => multihash(`provided on and on ${i}`))

function multihash (text: string): Uint8Array {
  return bytes([0x12, 0x20], keyOf(utf8(text)))
}

async function hasValue ({ dht }: SimulatedNode, name: string): Promise<boolean> {
  try {
    const { value } = await dht.get(name)
    return new TextDecoder().decode(value) === name
  } catch (err) {
    expect(err).to.have.property('name', 'ValueNotFoundError')
    return false
  }
}

async function hasProvider ({ dht }: SimulatedNode, key: Uint8Array, source: 'network' | 'store'): Promise<boolean> {
  const providers = dht.findProviders(key, { source })
  const { done } = await providers.next()
  await providers.return(undefined)
  return done !== true
}

/** How many nodes would serve one of these values, or one of these provider records. */
async function holders (nodes: readonly SimulatedNode[], names: readonly string[], keys: readonly Uint8Array[]): Promise<number> {
  return count(nodes, async node => {
    const values = await Promise.all(names.map(async name => node.dht.internals.values.kept(utf8(`/kv/${name}`))))
    return values.some(value => value != null) || await count(keys, async key => hasProvider(node, key, 'store')) > 0
  })
}

async function count <T> (all: readonly T[], is: (one: T) => Promise<boolean>): Promise<number> {
  const yes = await Promise.all(all.map(is))
  return yes.filter(Boolean).length
}

describe(`two days of ${NODES} nodes`, () => {
  const simulation = new Simulation({ seed: 5, latency: [10, 100] })
  const { clock, nodes } = simulation
  let begun = 0
  let turn = 0

  /** Somebody else each time. */
  function anyone (): SimulatedNode {
    return nodes[(turn++ * 617) % nodes.length]
  }

  async function until (hour: number): Promise<void> {
    await clock.advance(begun + hour * HOUR - clock.now())
  }

  /** Put and provide all that there is. */
  async function begin (): Promise<void> {
    begun = clock.now()
    await clock.run(Promise.all([
      ...FOR_A_DAY.map(async name => anyone().dht.put(name, name, { ttl: 24 * HOUR, republish: false })),
      ...FOR_TWO_DAYS.map(async name => anyone().dht.put(name, name, { ttl: 48 * HOUR, republish: false })),
      ...KEPT_ALIVE.map(async name => anyone().dht.put(name, name, { ttl: 24 * HOUR })),
      ...PROVIDED_ON.map(async key => anyone().dht.provide(key)),
      ...PROVIDED_ONCE.map(async key => {
        const { dht } = anyone()
        await dht.provide(key)
        await dht.unprovide(key)
      })
    ]))
  }

  /** Of each, how many are found by whoever asks. */
  async function found (): Promise<Record<string, number>> {
    return clock.run((async () => ({
      forADay: await count(FOR_A_DAY, async name => hasValue(anyone(), name)),
      forTwoDays: await count(FOR_TWO_DAYS, async name => hasValue(anyone(), name)),
      keptAlive: await count(KEPT_ALIVE, async name => hasValue(anyone(), name)),
      providedOnce: await count(PROVIDED_ONCE, async key => hasProvider(anyone(), key, 'network')),
      providedOn: await count(PROVIDED_ON, async key => hasProvider(anyone(), key, 'network'))
    }))())
  }

  it('values and provider records are there for their life, and nowhere after', async function () {
    this.timeout(1_200_000)
    await simulation.nodesJoined(NODES, SELDOM)
    await begin()
    expect(await holders(nodes, FOR_A_DAY, PROVIDED_ONCE)).to.be.greaterThan(100)

    for (const hour of [1, 12, 23.9]) {
      await until(hour)
      expect(await found(), `after ${hour} h`).to.deep.equal({ forADay: EACH, forTwoDays: EACH, keptAlive: EACH, providedOnce: EACH, providedOn: EACH })
    }
    await until(24.1)
    expect(await holders(nodes, FOR_A_DAY, []), 'holders of what was for a day').to.equal(0)
    for (const hour of [24.1, 36, 47.9]) {
      await until(hour)
      expect(await found(), `after ${hour} h`).to.deep.equal({ forADay: 0, forTwoDays: EACH, keptAlive: EACH, providedOnce: EACH, providedOn: EACH })
    }
    await until(48.1)
    expect(await holders(nodes, [...FOR_A_DAY, ...FOR_TWO_DAYS], PROVIDED_ONCE), 'holders of what was for two days').to.equal(0)
    expect(await found(), 'after 48.1 h').to.deep.equal({ forADay: 0, forTwoDays: 0, keptAlive: EACH, providedOnce: 0, providedOn: EACH })
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })
})
