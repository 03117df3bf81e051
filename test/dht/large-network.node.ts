import { expect } from 'aegir/chai'
import { keyOf } from '../../src/keyspace/key.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'

// of the same code as in browsers, where it would only take its time once more
describe('a large network', () => {
  it('of 1,000 nodes joins and looks up correctly', async function () {
    this.timeout(1_200_000)
    const simulation = new Simulation({ seed: 2, latency: [10, 100] })
    const nodes = await simulation.nodesJoined(1000)
    for (let i = 0; i < 100; i++) {
      const { dht } = nodes[(i * 7919) % nodes.length]
      const target = utf8(`target ${i}`)
      const others = nodes.filter(node => node.dht !== dht)
      const { closest } = await simulation.clock.run(dht.lookup(target))
      expect(closest.map(({ id }) => id)).to.deep.equal(simulation.closest(others, keyOf(target), 20))
    }
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })
})
