import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { LookupDriver } from '../../src/dht/run-lookup.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { contactOf } from '../../src/keyspace/contact.ts'
import { Lookup } from '../../src/lookup/lookup.ts'
import { TimeoutError } from '../../src/rpc/errors.ts'
import { tinyContact, tinyKey } from '../helpers/tiny.ts'
import type { ResponseTo } from '../../src/wire/rpc.ts'

/** Milliseconds after which a peer is slow. */
const SLOW_AFTER = 10

describe('LookupDriver', () => {
  /** Virtual, but for the time that passes while the process is busy with something else. */
  let clock: VirtualClock
  let busy: number
  /** Whom it asked, in that order, and how they answer. */
  let asked: number[]
  let answers: Map<number, () => void>
  /** Says that it is late, of each; what it tells of failures. */
  let late: Map<number, () => void>
  let failures: string[]
  let over: Promise<void>
  let lookup: Lookup

  /** What it may wait for before it begins. */
  function driverOf (begin: () => Promise<void>): LookupDriver<ResponseTo<'find-node'>> {
    return new LookupDriver({
      clock: { now: () => clock.now() + busy, schedule: (ms, task) => clock.schedule(ms, task) },
      request: 'find-node',
      lookup,
      begin,
      heard: contactOf,
      ask: async ({ key: [name] }, { onLate }) => {
        asked.push(name)
        late.set(name, () => { onLate?.(new TimeoutError('late')) })
        return new Promise<ResponseTo<'find-node'>>(resolve => { answers.set(name, () => { resolve({ type: 'find-node', closer: [] }) }) })
      },
      deadline: 1_000,
      signals: [],
      onProgress: event => {
        if (event.type === 'failed') {
          failures.push(`${event.peer.id[0]} ${event.error.message}`)
        }
      }
    })
  }

  beforeEach(async () => {
    clock = new VirtualClock({ start: 0 })
    busy = 0
    asked = []
    answers = new Map()
    late = new Map()
    failures = []
    const seeds = Array.from({ length: 12 }, (_, i) => tinyContact(i + 1))
    lookup = new Lookup({ target: tinyKey(0), seeds, k: 8, alpha: 4, burst: 5, paths: 4, slowAfter: () => SLOW_AFTER })
    const driver = driverOf(async () => {})
    over = (async () => {
      for await (const { response } of driver) {
        expect(response.closer).to.deep.equal([])
      }
    })()
    await clock.advance(0)
    expect(asked).to.deep.equal([1, 2, 3, 4])
  })

  afterEach(async () => {
    for (let settled = 0; settled < asked.length; settled++) {
      answers.get(asked[settled])?.()
      await clock.advance(0)
    }
    await over
    expect(clock.pending, 'timers left').to.equal(0)
  })

  /** That one answers, and what comes of it is done before anything else is read. */
  async function answer (name: number): Promise<void> {
    answers.get(name)?.()
    await clock.advance(0)
  }

  it('asks another beside a peer that is slow', async () => {
    await clock.advance(SLOW_AFTER - 1)
    expect(asked).to.have.length(4)
    await clock.advance(1)
    expect(asked).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('takes nobody for slow whose answer waits to be read in a busy process', async () => {
    busy = 10 * SLOW_AFTER
    await answer(1)
    expect(asked, 'one slot is free').to.deep.equal([1, 2, 3, 4, 5])
    await answer(2)
    await answer(3)
    await answer(4)
    expect(asked, 'those that are left of the eight closest').to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('takes those for slow who are silent when a busy process has read what came', async () => {
    await clock.advance(SLOW_AFTER / 2)
    busy = 10 * SLOW_AFTER
    await answer(1)
    await clock.advance(SLOW_AFTER / 2)
    expect(asked, 'beside 2, 3 and 4').to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('goes on without a peer that is late, and takes its answer if it comes before the end', async () => {
    for (const name of [1, 2, 1]) {
      late.get(name)?.()
    }
    await clock.advance(0)
    expect(asked, 'two slots are free').to.deep.equal([1, 2, 3, 4, 5, 6])
    expect(failures, 'each once').to.deep.equal(['1 late', '2 late'])
    await answer(1)
    expect(lookup.closest.map(({ key: [name] }) => name)).to.deep.equal([1])
    expect(lookup.failed, '2').to.equal(1)
  })

  it('leaves nothing behind when nobody wants it before it has begun', async () => {
    const before = clock.pending
    const left = driverOf(async () => {})
    await left.return()
    expect(await left.next()).to.deep.equal({ done: true, value: 'stopped' })
    expect(clock.pending, 'timers').to.equal(before)

    const waiting = driverOf(async () => { await sleep(clock, 5) })
    const first = waiting.next()
    await waiting.return()
    await clock.advance(5)
    expect(await first).to.deep.equal({ done: true, value: 'stopped' })
    expect(clock.pending, 'timers').to.equal(before)
  })
})
