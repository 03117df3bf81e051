import { expect } from 'aegir/chai'
import { until } from './converge.ts'
import { EXTERNAL } from './external/kinds.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { ExternalPeer } from './external/external-peer.ts'

const MINUTE = 60_000

/** How long values of ours live that do not say, in milliseconds. */
const DEFAULT_LIFE = 48 * 60 * MINUTE

/** What becomes of the life that a record tells of itself, which not everybody knows. */
export function lives (built: BuiltPeer): void {
  const { kind } = built

  describe(`the life of values between ours and ${kind}`, () => {
    let network: LiveNetwork
    let theirs: ExternalPeer
    const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(100))]

    before(async () => {
      network = new LiveNetwork([built])
      await network.grow(1)
      theirs = network.external(kind)[0]
    })

    after(async () => { await network.stop() })

    it(`a record that tells its life is kept by ${kind}, and served with it`, async () => {
      const client = await network.client()
      await client.ask(theirs, { type: 'put-value', record: { key, value, ttl: 10 * MINUTE } })
      const { record } = await client.ask(theirs, { type: 'get-value', key })
      const told = record?.ttl ?? 0
      countLive('ours', kind, 'record with a ttl kept and served', told > 9 * MINUTE && told <= 10 * MINUTE)
      expect(record?.value).to.deep.equal(value)
      expect(told).to.be.within(9 * MINUTE, 10 * MINUTE)
      switch (EXTERNAL[kind].ttl) {
        case 'as it came':
          expect(told).to.equal(10 * MINUTE)
          break
        case 'counts down':
          await until('less of it is left', async () => ((await client.ask(theirs, { type: 'get-value', key })).record?.ttl ?? told) < told)
          break
        default:
      }
    })

    it(`${kind} reads a record of ours that tells its life`, async () => {
      const [key, ours] = [freshKey(), network.ours[0]]
      await theirs.putAt(ours, key, value)
      const told = await theirs.lifeAt(ours, key) ?? 0
      countLive(kind, 'ours', 'record with a ttl read', told > DEFAULT_LIFE - MINUTE && told <= DEFAULT_LIFE)
      expect(await theirs.valueAt(ours, key)).to.deep.equal(value)
      expect(told).to.be.within(DEFAULT_LIFE - MINUTE, DEFAULT_LIFE)
    })
  })
}
