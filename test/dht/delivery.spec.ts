import { expect } from 'aegir/chai'
import { Delivery } from '../../src/dht/operations/delivery.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { countListeners } from '../helpers/listeners.ts'
import { numbers, tinyContact } from '../helpers/tiny.ts'
import type { Reached } from '../../src/dht/operations/spread.ts'

/** Bytes that go to all at once at the most; of those that go to few at first, and milliseconds within which these are quick. */
const AT_ONCE = 16 * 1024
const LARGE = 102_400
const QUICK_MS = 300 + LARGE / 512

/** What one is to do that something is sent to. */
interface Sent {
  reach (): void
  fail (error?: Error): void
  beLate (): void
}

describe('Delivery', () => {
  let clock: VirtualClock
  /** Milliseconds by which the machine's clock is. */
  let ahead: number
  let controller: AbortController
  let sent: Map<number, Sent>
  /** What it told, in that order. */
  let told: string[]
  let outcome: Reached | undefined

  beforeEach(() => {
    clock = new VirtualClock({ start: 0 })
    ahead = 0
    controller = new AbortController()
    sent = new Map()
    told = []
    outcome = undefined
  })

  afterEach(() => {
    expect(clock.pending, 'timers left').to.equal(0)
  })

  /** Begins to bring so many bytes to peers 1 to `count`. */
  async function begin (count: number, byteLength: number): Promise<void> {
    void Delivery.run({
      clock: { now: () => clock.now() + ahead, schedule: (ms, task) => clock.schedule(ms, task) },
      peers: Array.from({ length: count }, (_, i) => tinyContact(i + 1)),
      byteLength,
      signal: controller.signal,
      send: async ({ key: [name] }, onLate) => new Promise<string>((resolve, reject) => {
        sent.set(name, {
          reach () { resolve('thanks') },
          fail (error = new Error('refused')) { reject(error) },
          beLate () { onLate(new Error('late')) }
        })
      }),
      onReached ({ key: [name] }, answer) { told.push(`${name} ${answer}`) },
      onFailed ({ key: [name] }, { message }) { told.push(`${name} ${message}`) }
    }).then(reached => { outcome = reached })
    await clock.advance(0)
  }

  /** Each of `names` does so, and what comes of it is done. */
  async function all (action: keyof Sent, ...names: number[]): Promise<void> {
    names.forEach(name => sent.get(name)?.[action]())
    await clock.advance(0)
  }

  function reached (): number[] | undefined {
    return outcome == null ? undefined : numbers(outcome.reached)
  }

  it('is over at once when there is nobody', async () => {
    await begin(0, 1)
    expect(outcome).to.deep.equal({ reached: [], failed: [] })
  })

  it('brings what is small to all at once, and tells who has it in the order in which they were given', async () => {
    const listeners = countListeners(controller.signal)
    await begin(5, AT_ONCE)
    expect([...sent.keys()]).to.deep.equal([1, 2, 3, 4, 5])
    await all('reach', 5, 3)
    await all('fail', 4, 2)
    expect(outcome).to.equal(undefined)
    await all('reach', 1)
    expect(told).to.deep.equal(['5 thanks', '3 thanks', '4 refused', '2 refused', '1 thanks'])
    expect(reached()).to.deep.equal([1, 3, 5])
    expect(outcome?.failed.map(({ peer: { key: [name] }, error }) => `${name} ${error.message}`)).to.deep.equal(['2 refused', '4 refused'])
    expect(listeners).to.deep.equal({ now: 0, most: 1 })
  })

  it('brings what is large to two at first, and to all others once one has it quickly', async () => {
    await begin(6, AT_ONCE + 1)
    expect([...sent.keys()]).to.deep.equal([1, 2])
    await all('reach', 2)
    expect([...sent.keys()]).to.deep.equal([1, 2, 3, 4, 5, 6])
    await all('reach', 1, 3, 4, 5, 6)
    expect(reached()).to.have.lengthOf(6)
  })

  it('brings what is large to two at a time while that takes long', async () => {
    await begin(6, LARGE)
    await clock.advance(QUICK_MS + 1)
    await all('reach', 1)
    expect([...sent.keys()]).to.deep.equal([1, 2, 3])
    await all('fail', 2)
    expect([...sent.keys()]).to.deep.equal([1, 2, 3, 4])
    await clock.advance(QUICK_MS)
    await all('reach', 4)
    expect([...sent.keys()], 'that was quick').to.deep.equal([1, 2, 3, 4, 5, 6])
    await all('reach', 3, 5, 6)
    expect(reached()).to.deep.equal([1, 3, 4, 5, 6])
  })

  it('takes a slot from who is late and was overtaken, not from who may be late since our link is slow', async () => {
    await begin(6, LARGE)
    await all('beLate', 1, 2)
    expect([...sent.keys()], 'nobody has it').to.deep.equal([1, 2])
    await clock.advance(QUICK_MS + 1)
    await all('reach', 2)
    expect([...sent.keys()], 'the first is slow itself').to.deep.equal([1, 2, 3, 4])
    await clock.advance(1)
    await all('beLate', 3, 4)
    await all('reach', 1)
    expect([...sent.keys()], 'it did not overtake them').to.deep.equal([1, 2, 3, 4])
    await clock.advance(5 * QUICK_MS)
    expect(outcome, 'two wait for their turn').to.equal(undefined)
    await all('reach', 4)
    expect([...sent.keys()], 'the third is slow itself').to.deep.equal([1, 2, 3, 4, 5, 6])
    await all('reach', 3)
    await all('reach', 5, 6)
    expect(reached()).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it('waits for those who are late twice as long as the slowest took, and no longer', async () => {
    await begin(4, 1)
    await clock.advance(100)
    await all('reach', 1)
    await clock.advance(50)
    await all('reach', 2)
    await all('beLate', 3)
    await clock.advance(200)
    expect(outcome, 'the fourth is not late').to.equal(undefined)
    await all('beLate', 4)
    expect(reached()).to.deep.equal([1, 2])
    expect(told.slice(2)).to.deep.equal(['3 late', '4 late'])
    await all('reach', 3)
    expect(told).to.have.lengthOf(4)
  })

  it('takes who comes while those who are late are waited for', async () => {
    await begin(3, 1)
    await clock.advance(100)
    await all('reach', 1)
    await all('beLate', 2, 3)
    await clock.advance(99)
    await all('reach', 3)
    expect(outcome, 'the slowest took longer').to.equal(undefined)
    await clock.advance(198)
    expect(outcome).to.equal(undefined)
    await clock.advance(1)
    expect(reached()).to.deep.equal([1, 3])
  })

  it('waits no longer since the clock is set back', async () => {
    await begin(2, 1)
    await clock.advance(100)
    await all('reach', 1)
    ahead = -3_600_000
    await all('beLate', 2)
    await clock.advance(199)
    expect(outcome).to.equal(undefined)
    await clock.advance(1)
    expect(reached()).to.deep.equal([1])
  })

  it('waits for all while nobody has it', async () => {
    await begin(2, 1)
    await all('beLate', 1, 2)
    expect(clock.pending, 'timers').to.equal(0)
    await clock.advance(10_000)
    expect(outcome).to.equal(undefined)
    await all('fail', 1)
    await all('reach', 2)
    expect(reached()).to.deep.equal([2])
  })

  it('fails at those who do not have it, or wait for their turn, when it is aborted', async () => {
    await begin(5, LARGE)
    await all('fail', 1)
    await all('beLate', 2)
    controller.abort(new Error('enough'))
    await clock.advance(0)
    expect(told).to.deep.equal(['1 refused', '2 late', '3 enough', '4 enough', '5 enough'])
    expect(outcome?.failed.map(({ error }) => error.message)).to.deep.equal(['refused', 'late', 'enough', 'enough', 'enough'])
    await all('reach', 2)
    await all('fail', 3)
    expect([told.length, sent.size], 'nothing more').to.deep.equal([5, 3])
  })

  it('does nothing more once it was aborted, whoever is late then', async () => {
    await begin(3, 1)
    await clock.advance(100)
    await all('reach', 1)
    controller.abort(new Error('enough'))
    await all('beLate', 2, 3)
    expect(told).to.deep.equal(['1 thanks', '2 enough', '3 enough'])
  })

  it('waits no more for who is late once it was aborted', async () => {
    await begin(2, 1)
    await clock.advance(100)
    await all('reach', 1)
    await all('beLate', 2)
    expect(clock.pending).to.equal(1)
    controller.abort(new Error('enough'))
    expect(clock.pending).to.equal(0)
    expect(told).to.deep.equal(['1 thanks', '2 late'])
  })

  it('sends nothing when it was aborted before', async () => {
    controller.abort('enough')
    await begin(2, 1)
    expect(sent.size).to.equal(0)
    expect(told).to.deep.equal(['1 enough', '2 enough'])
  })
})
