import { expect } from 'aegir/chai'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { measured, MIB } from '../store/measured.ts'

const PROTOCOL = '/rpc/1.0.0'
const STREAMS = 20

describe('errors of requests that waited together', () => {
  it('keep nothing of the others in memory, nor of those before them', async () => {
    const clock = new VirtualClock()
    const network = createMemoryNetwork({ clock, seed: 1 })
    const server = network.createHost()
    await server.handle(PROTOCOL, async ({ source }) => {
      for await (const chunk of source) {
        void chunk // silent
      }
    })
    const client = new RpcClient({ host: network.createHost(), protocol: PROTOCOL, clock, maxRecordSize: 1000 })

    /** Each that waits knows the errors of those before, as an operation does that has asked them too. */
    const fail = async (before: readonly Error[]): Promise<Error[]> => {
      const kept = new Uint8Array(MIB)
      const onLate = (): void => { expect(before.length + kept.byteLength).to.be.greaterThan(0) }
      return clock.run(Promise.all([1, 2, 3].map(async () => client.request(server.self, { type: 'ping' }, { onLate }).then(() => new Error('answered'), (err: Error) => err))))
    }

    const { built, grown } = await measured(async () => {
      let errors: Error[] = []
      for (let i = 0; i < STREAMS; i++) {
        errors = await fail(errors)
      }
      return errors
    })
    expect(built.map(({ name }) => name)).to.deep.equal(['TimeoutError', 'TimeoutError', 'LostBehindError'])
    expect(grown / MIB).to.be.lessThan(STREAMS / 2)
    await clock.run(client.close())
    await clock.run(network.stop())
  })
})
