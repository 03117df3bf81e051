import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { InvalidRecordError } from '../../src/record/invalid-record.ts'
import { DatastorePublicationStore } from '../../src/store/datastore-publications.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { MemoryPublicationStore } from '../../src/store/memory-publications.ts'
import { publicationRowKey } from '../../src/store/row-keys.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import { Disk } from '../store/fixtures.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { KademliaInit } from '../../src/dht/init.ts'
import type { RecordKind } from '../../src/record/validator.ts'
import type { Publication } from '../../src/store/publication-store.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Nothing but what a test is about. */
const QUIET: Partial<KademliaInit> = { valueTtl: 10 * HOUR, selfLookupInterval: 500 * HOUR, refreshInterval: 500 * HOUR, replicateInterval: Infinity, handOver: false, cacheFound: false }

/** More than are sent at once. */
const KEYS = Array.from({ length: 12 }, (_, i) => `key ${String(i).padStart(2, '0')}`)

/** A publisher's list on something slow. */
class SlowPublications extends MemoryPublicationStore {
  /** Called when a value has been read, which takes a while longer. */
  onRead = (): void => {}
  readonly #clock: Clock

  constructor (clock: Clock) {
    super()
    this.#clock = clock
  }

  override async get (key: Uint8Array): Promise<Publication | undefined> {
    const publication = await super.get(key)
    this.onRead()
    await sleep(this.#clock, 5)
    return publication
  }

  override async put (publication: Publication): Promise<void> {
    await sleep(this.#clock, 5)
    await super.put(publication)
  }

  override async delete (key: Uint8Array): Promise<void> {
    await sleep(this.#clock, 5)
    await super.delete(key)
  }
}

describe('republishing', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]
  /** Where the publisher's list lies. */
  let disk: Disk
  let publisher: SimulatedNode

  beforeEach(async () => {
    simulation = new Simulation({ seed: 81, latency: 10 })
    nodes = await simulation.nodesJoined(4, { ...QUIET, republish: false })
    disk = new Disk()
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  async function publish (init: Partial<KademliaInit> = {}): Promise<void> {
    const publications = new DatastorePublicationStore({ datastore: disk })
    await publications.open()
    publisher = await simulation.node({ ...QUIET, republish: true, publications, bootstrap: nodes[0].host.self.addrs, ...init })
  }

  /** Publish, be down for so long that all is due at once, and start again. */
  async function restart (init?: Partial<KademliaInit>): Promise<void> {
    await publish()
    for (const key of KEYS) {
      await simulation.clock.run(publisher.dht.put(key, 'value'))
    }
    await simulation.clock.run(publisher.dht.stop())
    await simulation.clock.advance(30 * HOUR)
    expect(await alive()).to.deep.equal([])
    await publish(init)
  }

  /** What another node keeps. */
  async function alive (): Promise<string[]> {
    const { values } = nodes[1].dht.internals
    const kept = await Promise.all(KEYS.map(async key => await values.kept(utf8(`/kv/${key}`)) == null ? [] : [key]))
    return kept.flat()
  }

  it('comes soon after a put for which there was nobody in time', async () => {
    await publish({ awaitContacts: true, firstSelfLookup: 1_000, bootstrap: [] })
    await expect(simulation.clock.run(publisher.dht.put('key 00', 'value', { timeout: 1_000 }))).to.eventually.be.rejected
      .with.property('name', 'NoPeersError')
    await simulation.clock.run(publisher.dht.join(nodes[0].host.self.addrs))
    await simulation.clock.advance(2 * MINUTE)
    expect(await alive()).to.deep.equal(['key 00'])
  })

  it('goes on after a restart where it was', async () => {
    await publish()
    await simulation.clock.run(publisher.dht.put('key 00', 'value'))
    await simulation.clock.advance(8 * HOUR)
    expect(publisher.dht.counts.upkeep.republished).to.equal(1)
    await simulation.clock.run(publisher.dht.stop())
    await publish()
    expect(publisher.dht.counts.published.next).to.be.within(simulation.clock.now() + 2 * HOUR - MINUTE, simulation.clock.now() + 7 * HOUR)
    await simulation.clock.advance(1.9 * HOUR)
    expect(publisher.dht.counts.upkeep.republished).to.equal(0)
    await simulation.clock.advance(6 * HOUR)
    expect(publisher.dht.counts.upkeep.republished).to.equal(1)
  })

  it('is not promised, and not ended, when the list cannot be written', async () => {
    await publish()
    disk.failing.add('put').add('delete')
    await expect(simulation.clock.run(publisher.dht.put('key 00', 'value'))).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    expect(publisher.dht.counts.published.values).to.equal(0)
    disk.failing.clear()
    await simulation.clock.run(publisher.dht.put('key 00', 'value'))
    disk.failing.add('delete')
    await expect(publisher.dht.unpublish('key 00')).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    await expect(simulation.clock.run(publisher.dht.put('key 00', 'not to be kept alive', { republish: false }))).to.eventually.be.rejected.with.property('name', 'DatastoreError')
    expect(publisher.dht.counts.published.values).to.equal(1)
  })

  it('ends when the kind of a value accepts it no longer', async () => {
    const end = simulation.clock.now() + HOUR
    const kind: RecordKind = {
      namespace: 'until',
      validate (_, now) {
        if (now > end) {
          throw new InvalidRecordError('it is over')
        }
      },
      select: () => 0
    }
    await publish({ kinds: [kind] })
    await simulation.clock.run(publisher.dht.put(utf8('/until/then'), 'value'))
    await simulation.clock.advance(8 * HOUR)
    expect(publisher.dht.counts.published.values).to.equal(0)
    expect(publisher.dht.counts.upkeep.superseded).to.equal(1)
  })

  it('is tried now and then, not each minute, while all refuse the value', async () => {
    const kind: RecordKind = { namespace: 'ours', validate () {}, select: () => 0 } // which the others do not know
    let sent = 0
    await publish({
      kinds: [kind],
      observer: {
        client: {
          onRequest (type) {
            sent += type === 'put-value' ? 1 : 0
            return () => {}
          }
        }
      }
    })
    await simulation.clock.run(publisher.dht.put(utf8('/ours/name'), 'value'))
    expect(sent).to.equal(nodes.length)
    await simulation.clock.advance(10 * HOUR)
    expect(sent / nodes.length, 'times').to.be.within(20, 42)
  })

  describe('of many that are due at once', () => {
    it('goes on when the list could not be read for a while', async () => {
      await restart({ bootstrap: [] })
      disk.failing.add('get')
      await simulation.clock.run(publisher.dht.join(nodes[0].host.self.addrs))
      await simulation.clock.advance(10 * MINUTE)
      expect(await alive()).to.deep.equal([])
      expect(publisher.dht.counts.published.values, 'they are still due').to.equal(KEYS.length)
      disk.failing.clear()
      await simulation.clock.advance(2 * MINUTE)
      expect(await alive()).to.deep.equal(KEYS)
      await simulation.clock.advance(72 * HOUR)
      expect(await alive()).to.deep.equal(KEYS)
    })

    it('goes on while our own store fails', async () => {
      const valuesDisk = new Disk()
      valuesDisk.failing.add('put')
      const values = new DatastoreValueStore({ datastore: valuesDisk, clock: simulation.clock, ttl: 48 * HOUR })
      await values.open()
      await restart({ values })
      await simulation.clock.advance(2 * MINUTE)
      expect(await alive()).to.deep.equal(KEYS)
      await simulation.clock.advance(72 * HOUR)
      expect(await alive()).to.deep.equal(KEYS)
    })

    it('goes on, no more often than it should, while the list cannot be written', async () => {
      await restart()
      disk.failing.add('put')
      await simulation.clock.advance(MINUTE)
      expect(await alive(), 'all of them at once').to.deep.equal(KEYS)
      await simulation.clock.advance(8 * MINUTE)
      expect(await alive()).to.deep.equal(KEYS)
      expect(publisher.dht.counts.upkeep.republished).to.equal(KEYS.length)
      await simulation.clock.advance(72 * HOUR)
      expect(await alive()).to.deep.equal(KEYS)
    })

    it('waits for contacts, however long that takes', async () => {
      await restart({ awaitContacts: true, firstSelfLookup: 1_000, bootstrap: [] })
      await simulation.clock.advance(5 * MINUTE)
      expect(publisher.dht.counts.published.values).to.equal(KEYS.length)
      await simulation.clock.run(publisher.dht.join(nodes[0].host.self.addrs))
      await simulation.clock.advance(5 * MINUTE)
      expect(await alive()).to.deep.equal(KEYS)
      await simulation.clock.advance(72 * HOUR)
      expect(await alive()).to.deep.equal(KEYS)
    })

    it('drops what is not on the list any more', async () => {
      await restart({ bootstrap: [] })
      for (const key of KEYS) {
        await disk.delete(publicationRowKey('/dht', utf8(`/kv/${key}`)))
      }
      await simulation.clock.run(publisher.dht.join(nodes[0].host.self.addrs))
      await simulation.clock.advance(2 * MINUTE)
      expect(publisher.dht.counts.published.values).to.equal(0)
    })
  })

  describe('of a value that is put or unpublished meanwhile', () => {
    let publications: SlowPublications

    beforeEach(async () => {
      publications = new SlowPublications(simulation.clock)
      await publish({ publications })
      await simulation.clock.run(publisher.dht.put('key 00', 'old'))
    })

    /** Do something when the list is read for the `count`th time to send the value again, and then let the life of the value pass several times. */
    async function meanwhile (count: number, action: () => Promise<unknown>): Promise<void> {
      let acting: Promise<unknown> | undefined
      let reads = 0
      publications.onRead = () => {
        if (++reads === count) {
          acting = action()
        }
      }
      await simulation.clock.advance(10 * HOUR)
      expect(acting, `read ${reads} times`).to.not.equal(undefined)
      await simulation.clock.run(acting ?? Promise.resolve())
      await simulation.clock.advance(40 * HOUR)
    }

    async function putAt (read: number): Promise<void> {
      await meanwhile(read, async () => publisher.dht.put('key 00', 'new'))
      const { value } = await simulation.clock.run(nodes[1].dht.get('key 00'))
      expect(new TextDecoder().decode(value)).to.equal('new')
      expect(publisher.dht.counts.published.values).to.equal(1)
      expect(publisher.dht.counts.upkeep.superseded).to.equal(0)
    }

    async function unpublishAt (read: number): Promise<void> {
      await meanwhile(read, async () => { expect(await publisher.dht.unpublish('key 00')).to.equal(true) })
      expect(await alive()).to.deep.equal([])
      expect([...publications.times()]).to.deep.equal([])
      expect(publisher.dht.counts.published.values).to.equal(0)
    }

    // it is read before it is sent, and after

    it('keeps the newer one alive that is put before it is sent', async () => {
      await putAt(1)
    })

    it('keeps the newer one alive that is put after it was sent', async () => {
      await putAt(2)
    })

    it('does not keep it alive when it is unpublished before it is sent', async () => {
      await unpublishAt(1)
    })

    it('does not keep it alive when it is unpublished after it was sent', async () => {
      await unpublishAt(2)
    })
  })
})
