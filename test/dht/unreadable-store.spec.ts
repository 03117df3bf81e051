import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { DatastoreError } from '../../src/store/errors.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'
import type { Key } from 'interface-datastore'

const TTL_MS = 24 * 3_600_000

/** A datastore on a disk that can be read, or cannot. */
class Disk extends MemoryDatastore {
  isReadable = true

  override get (key: Key): ReturnType<MemoryDatastore['get']> {
    if (!this.isReadable) {
      throw new Error('EIO: i/o error, read')
    }
    return super.get(key)
  }
}

describe('a store that cannot be read', () => {
  let simulation: Simulation
  let others: SimulatedNode[]
  let disk: Disk
  let node: SimulatedNode

  beforeEach(async () => {
    simulation = new Simulation({ seed: 21, latency: 10 })
    others = await simulation.nodesJoined(3)
    disk = new Disk()
    const values = new DatastoreValueStore({ datastore: disk, clock: simulation.clock, ttl: TTL_MS })
    await values.open()
    node = await simulation.node({ values, bootstrap: others[0].host.self.addrs })
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  it('keeps nobody from getting what others have', async () => {
    await simulation.clock.run(others[0].dht.put('key', 'value'))
    disk.isReadable = false
    const { value, agreeing } = await simulation.clock.run(node.dht.get('key'))
    expect(new TextDecoder().decode(value)).to.equal('value')
    expect(agreeing).to.have.lengthOf(3)
  })

  it('is why a value is not found that nobody else has', async () => {
    await node.dht.internals.values.accept(await node.dht.internals.values.seal('key', 'value'))
    disk.isReadable = false
    await expect(simulation.clock.run(node.dht.get('key'))).to.eventually.be.rejectedWith(/could not read the row .*EIO/).and.be.instanceOf(DatastoreError)
    await expect(simulation.clock.run(node.dht.searchValue('key').next())).to.eventually.be.rejectedWith(DatastoreError)
  })

  it('is not taken for one without a mutable value', async () => {
    const privateKey = await generateKeyPair('Ed25519')
    const alone = await simulation.node({ values: node.dht.internals.store })
    await simulation.clock.run(alone.dht.putMutable(privateKey, { value: 'first' }))
    disk.isReadable = false
    await expect(simulation.clock.run(alone.dht.putMutable(privateKey, { value: 'second', cas: 0 }))).to.eventually.be.rejectedWith(DatastoreError)
  })

  it('keeps nobody from hearing who is closer', async () => {
    await simulation.clock.run(others[0].dht.put('key', 'value'))
    disk.isReadable = false
    const { value, closer } = await simulation.clock.run(others[1].dht.findValue(node.dht.self, 'key'))
    expect(value).to.equal(undefined)
    expect(closer).to.have.lengthOf(2)
  })
})
