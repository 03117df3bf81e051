import { expect } from 'aegir/chai'
import { LimitError } from '../../src/rpc/errors.ts'
import { PROTOCOL } from '../compliance/network.ts'
import { echo } from '../compliance/streams.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { hostNode, stopNode } from './libp2p-hosts.ts'
import type { HostNode, NodeOptions } from './libp2p-hosts.ts'

const SERVERS = 8

describe('many dials of the libp2p host', () => {
  let nodes: HostNode[] = []
  let servers: HostNode[]

  async function dialler (dials: NodeOptions['dials']): Promise<HostNode> {
    const node = await hostNode(createLibp2pNode, {}, { dials })
    nodes.push(node)
    return node
  }

  beforeEach(async () => {
    servers = await Promise.all(Array.from({ length: SERVERS }, async () => hostNode(createLibp2pNode)))
    nodes = [...servers]
    await Promise.all(servers.map(async ({ services: { host } }) => host.handle(PROTOCOL, echo)))
  })

  afterEach(async () => {
    await Promise.all(nodes.map(stopNode))
  })

  it('all take place, those too for which libp2p has no room', async () => {
    const { services: { host } } = await dialler({ maxParallelDials: 1, maxDialQueueLength: 2 })
    const streams = await Promise.all(servers.map(async server => host.openStream(server.services.host.self, PROTOCOL)))
    expect(host.openStreams).to.equal(SERVERS)
    streams.forEach(stream => { stream.abort(new Error('that was all')) })
  })

  it('have the time for two addresses of a peer that are silent, and one that is not', async () => {
    const { services: { host } } = await dialler({})
    expect(host.maxOpenMs, 'libp2p gives each 6 s').to.be.above(2 * 6_000 + 1_000)
  })

  it('tell whether they wait for their turn', async () => {
    const { services: { host } } = await dialler({ maxParallelDials: 1, maxDialQueueLength: 2 })
    const told = await Promise.all(servers.map(async server => {
      const told: boolean[] = []
      const stream = await host.openStream(server.services.host.self, PROTOCOL, { onQueued: isQueued => { told.push(isQueued) } })
      stream.abort(new Error('that was all'))
      return told
    }))
    for (const [first, ...others] of told) {
      expect([first, others.at(-1)]).to.deep.equal([true, false])
    }
  })

  it('make way when they are given up', async () => {
    const { services: { host } } = await dialler({ maxParallelDials: 1, maxDialQueueLength: 1 })
    const [first, second, third] = servers.map(({ services: { host: { self } } }) => self)
    const opened = host.openStream(first, PROTOCOL)
    const reason = new Error('not wanted any more')
    const controller = new AbortController()
    const givenUp = host.openStream(second, PROTOCOL, { signal: controller.signal, onQueued: () => { controller.abort(reason) } })
    const last = host.openStream(third, PROTOCOL)
    await expect(givenUp).to.eventually.be.rejected().that.equals(reason)
    for (const stream of await Promise.all([opened, last])) {
      stream.abort(new Error('that was all'))
    }
  })

  it('fail, and blame nobody, where others have taken all the room', async () => {
    const { services: { host } } = await dialler({ maxDialQueueLength: 0 })
    await expect(host.openStream(servers[0].services.host.self, PROTOCOL)).to.eventually.be.rejectedWith(LimitError, /maxDialQueueLength/)
  })
})
