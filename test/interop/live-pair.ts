import { expect } from 'aegir/chai'
import { sameBytes } from './ask.ts'
import { until } from './converge.ts'
import { across, traitsOf } from './external/kinds.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { PROTOCOL } from './node.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { Direction } from './external/kinds.ts'

/** What two nodes, one of ours and one of the other, do with each other. */
export function pairs ({ kind, program }: BuiltPeer): void {
  for (const direction of across(kind)) {
    describe(`a pair, ${direction.from} dials ${direction.to}`, () => {
      let network: LiveNetwork

      before(async () => {
        network = new LiveNetwork([{ kind, program }])
        await network.start(direction.from)
        await network.start(direction.to)
        await network.one(direction.from).connect(network.one(direction.to))
      })

      after(async () => { await network.stop() })

      identifies(() => network, direction)
      entersServers(() => network, direction)
      entersNoClient(() => network, direction)
    })
  }
}

type GetNetwork = () => LiveNetwork

function identifies (get: GetNetwork, { from, to }: Direction): void {
  it('identify: each tells the other what it is', async () => {
    for (const [asker, asked] of [[from, to], [to, from]]) {
      const peer = get().one(asker)
      await until('it is identified', async () => peer.identify(get().one(asked)).then(({ agent }) => agent !== '', () => false))
      const { agent, protocols } = await peer.identify(get().one(asked))
      countLive(asker, asked, 'identify', protocols.includes(PROTOCOL) && traitsOf(asked).agent.test(agent))
      expect(protocols).to.include(PROTOCOL)
      expect(agent).to.match(traitsOf(asked).agent)
    }
  })
}

function entersServers (get: GetNetwork, { from, to }: Direction): void {
  it('each enters the other in its routing table by itself', async () => {
    for (const [asker, asked] of [[from, to], [to, from]]) {
      await until('it is entered', async () => get().one(asker).hasContact(get().one(asked).id))
      countLive(asker, asked, 'server entered in the routing table', true)
    }
  })
}

function entersNoClient (get: GetNetwork, { from, to }: Direction): void {
  it('a client is served, and not entered, whoever dials', async () => {
    const server = get().one(to)
    for (const dialler of ['client', 'server']) {
      const client = await get().start(from, { client: true })
      await (dialler === 'client' ? client.connect(server) : server.connect(client))
      const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(100))]
      await until('the client knows the server', async () => await client.tableSize() > 0)
      await client.put(key, value)
      const served = sameBytes(await get().one(from).valueAt(server, key), value)
      const entered = await server.hasContact(client.id)
      countLive(from, to, `client served, ${dialler} dials`, served)
      countLive(to, from, 'client not in the routing table', !entered)
      expect(served).to.equal(true)
      expect(entered).to.equal(false)
    }
  })
}
