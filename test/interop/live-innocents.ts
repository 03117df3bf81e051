import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { sameBytes } from './ask.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { badRecords } from './live-refusals.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'

/** Requests on one stream, of which every so many is refused. */
const REQUESTS = 40
const EVERY = 10

/** Who refuses a record resets the stream, and with it the requests behind that one. */
export function innocents (built: BuiltPeer): void {
  const { kind } = built

  describe(`requests of ours that wait with one that ${kind} refuses`, () => {
    let network: LiveNetwork

    before(async () => {
      network = new LiveNetwork([built])
      await network.grow(1)
    })

    after(async () => { await network.stop() })

    it('are answered all the same', async () => {
      const [asker, holder] = [network.one('ours'), network.one(kind)]
      const [key, value] = [freshKey(), fromString('good')]
      const [{ put: bad }] = await badRecords(kind)
      await asker.putAt(holder, key, value)
      const answers = await Promise.all(Array.from({ length: REQUESTS }, async (_, index) => index % EVERY === 0
        ? asker.putAt(holder, bad.key, bad.value).then(() => 'kept', () => 'refused')
        : asker.valueAt(holder, key).then(got => sameBytes(got, value) ? 'got' : 'not got', String)))
      const wanted = answers.map((_, index) => index % EVERY === 0 ? 'refused' : 'got')
      countLive('ours', kind, 'answered beside what they refuse', String(answers) === String(wanted))
      expect(answers).to.deep.equal(wanted)
    })
  })
}
