import { expect } from 'aegir/chai'
import { put, sameBytes } from './ask.ts'
import { EXTERNAL } from './external/kinds.ts'
import { LiveNetwork } from './external/live-network.ts'
import { countLive } from './external/matrix.ts'
import { freshKey } from './values.ts'
import type { BuiltPeer } from './external/built.ts'
import type { LivePeer } from './external/live-peer.ts'

/** How many peers an answer names. */
const K = 20

/** Servers of each kind: so many that everybody knows k others than the asker. */
const SERVERS = 11

/** Bytes of a value that fits such a message, but not beside k peers. */
const FITS_ALONE = 15 * 1024

/** Bytes of one that does not fit. */
const FITS_NOT = 64 * 1024

/** Bytes of the smallest value that its store leaves out. */
const FILLS_STORE = 65 * 1024

/** Milliseconds for what some tests do with many nodes. */
const TIMEOUT = 120_000

/** What comes of values in a network where some read, and write, no large message. */
export function limits (built: BuiltPeer): void {
  const { kind } = built

  describe(`large values where ${kind} reads ${EXTERNAL[kind].valueLimit} bytes a message`, function () {
    this.timeout(TIMEOUT)
    let network: LiveNetwork

    before(async () => {
      network = new LiveNetwork([built])
      await network.grow(SERVERS)
      await network.addClients()
    })

    after(async () => { await network.stop() })

    it(`${kind} reads our answer with a value that has no room beside ${K} peers, because they are left out`, async () => {
      const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(FITS_ALONE))]
      const holder = await putAtOurs(network, key, value)
      const got = await network.one(kind).valueAt(holder, key)
      countLive(kind, 'ours', `answer with ${FITS_ALONE} bytes read`, sameBytes(got, value))
      expect(sameBytes(got, value)).to.equal(true)
    })

    it(`ours reads such an answer of ${kind}, which leaves nobody out and writes more than it reads`, async () => {
      const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(FITS_ALONE))]
      const [client, holder] = [await network.client(), network.one(kind)]
      await network.one('ours').putAt(holder, key, value)
      const { record, closer } = await client.ask(holder, { type: 'get-value', key })
      countLive('ours', kind, `answer with ${FITS_ALONE} bytes read`, sameBytes(record?.value, value))
      expect(sameBytes(record?.value, value)).to.equal(true)
      expect(closer).to.have.lengthOf(K)
    })

    it(`${kind} refuses what fits no message, and nobody else does`, async () => {
      const [key, value] = [freshKey(), crypto.getRandomValues(new Uint8Array(FITS_NOT))]
      const [asker, getter] = network.ours
      const refusing = network.trulyClosest(asker, key).filter(id => network.of(kind).some(peer => peer.id === id))
      const { errors } = await put(asker.node, key, value)
      expect(errors).to.have.lengthOf(refusing.length)
      const got = await getter.get(key)
      countLive('ours', 'all', `${FITS_NOT} bytes got where ${kind} keeps none`, sameBytes(got, value))
      expect(sameBytes(got, value)).to.equal(true)
      expect(await network.clientOf(kind).get(key)).to.equal(undefined)
    })
  })

  describe(`a value that comes to ${kind}, and that its store does not take`, () => {
    let network: LiveNetwork

    before(async () => {
      network = new LiveNetwork([built], { argsOf: () => EXTERNAL[kind].roomy })
      await network.grow(1)
    })

    after(async () => { await network.stop() })

    it('is never answered, nor is what follows on that stream: it fails, they are asked again on another', async () => {
      const [asker, holder, key, value] = [network.one('ours'), network.one(kind), freshKey(), crypto.getRandomValues(new Uint8Array(100))]
      await asker.putAt(holder, key, value)
      const [refusal, got] = await Promise.all([
        asker.putAt(holder, freshKey(), new Uint8Array(FILLS_STORE)).then(() => undefined, (err: Error) => err),
        asker.valueAt(holder, key)
      ])
      countLive('ours', kind, 'not answered: what its store does not take', refusal != null)
      countLive('ours', kind, 'answered beside what is not', sameBytes(got, value))
      expect(refusal?.message).to.match(/no answer to put-value within/)
      expect(sameBytes(got, value)).to.equal(true)
    })
  })
}

async function putAtOurs (network: LiveNetwork, key: Uint8Array, value: Uint8Array): Promise<LivePeer> {
  const closest = network.trulyClosest(network.one('ours'), key)
  const holder = network.ours.find(({ id }) => closest.includes(id))
  if (holder == null) {
    throw new Error('none of ours is close to the key')
  }
  await network.one('ours').putAt(holder, key, value)
  return holder
}
