import { expect } from 'aegir/chai'
import { sleep } from '../../src/clock/wait.ts'
import { LookupDriver } from '../../src/dht/run-lookup.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { contactOf } from '../../src/keyspace/contact.ts'
import { Lookup } from '../../src/lookup/lookup.ts'
import { DialError, TimeoutError } from '../../src/rpc/errors.ts'
import { tinyContact, tinyKey } from '../helpers/tiny.ts'
import type { OperationEnd } from '../../src/dht/events.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
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

  it('ends at once when who is told of its progress aborts it, though nobody answers', async () => {
    const controller = new AbortController()
    const driver = new LookupDriver<ResponseTo<'find-node'>>({
      clock,
      request: 'find-node',
      lookup: new Lookup({ target: tinyKey(0), seeds: [tinyContact(1)], slowAfter: () => SLOW_AFTER }),
      begin: async () => {},
      heard: contactOf,
      ask: async () => new Promise(() => {}),
      deadline: 1_000,
      signals: [controller.signal],
      onProgress () { controller.abort(new DOMException('enough', 'AbortError')) }
    })
    let end: string | undefined
    driver.next().catch((err: Error) => { end = err.name })
    await clock.advance(0)
    expect(end).to.equal('AbortError')
  })

  describe('asks one that is late elsewhere, too', () => {
    const HERE = [Uint8Array.of(1)]
    const THERE = [Uint8Array.of(2)]
    /** What each was asked, by name and address, and how it goes on. */
    let requests: Map<string, { answer (): void, fail (): void, beLate (): void }>
    /** Who answered, as told. */
    let given: string[]
    let end: Promise<OperationEnd>

    beforeEach(async () => {
      requests = new Map()
      given = []
      const nameOf = ({ id: [name], addrs: [[addr]] }: Contact): string => `${name} at ${addr}`
      const seeds = [1, 2, 3].map(name => tinyContact(name, HERE))
      lookup = new Lookup({ target: tinyKey(0), seeds, k: 3, alpha: 3, asksAgain: true, slowAfter: () => Infinity })
      const driver = new LookupDriver<ResponseTo<'find-node'>>({
        clock,
        request: 'find-node',
        lookup,
        begin: async () => {},
        heard: ({ id: [name], addrs }) => tinyContact(name, addrs),
        unreached: ({ id, addrs }) => addrs === HERE ? [{ id, addrs: THERE }] : undefined,
        ask: async (contact, { onLate }, about) => new Promise((resolve, reject) => {
          requests.set(`${nameOf(contact)}${about == null ? '' : ` about ${about.id[0]}`}`, {
            answer () { resolve({ type: 'find-node', closer: [] }) },
            fail () { reject(new DialError('nobody there')) },
            beLate () { onLate?.(new TimeoutError('late')) }
          })
        }),
        deadline: 1_000,
        signals: [],
        onProgress: undefined
      })
      const all = async (): Promise<OperationEnd> => {
        for (let next = await driver.next(); ; next = await driver.next()) {
          if (next.done === true) {
            return next.value
          }
          given.push(nameOf(next.value.peer))
        }
      }
      end = all()
      await clock.advance(0)
    })

    /** Each does so, all in one turn: `answer 1 at 2`. */
    async function all (...events: string[]): Promise<void> {
      for (const event of events) {
        const [, what, name] = /^(\w+) (.*)$/.exec(event) ?? []
        requests.get(name)?.[what as 'answer' | 'fail' | 'beLate']()
      }
      await clock.advance(0)
    }

    /** What happens is in `turns`, in that order. */
    function givesItOnce (when: string, addrs: readonly Uint8Array[], ...turns: string[]): void {
      it(`and gives its answer once that answers where it was asked at first ${when}`, async () => {
        for (const turn of turns) {
          await all(turn)
        }
        await all('answer 3 at 1', 'answer 2 at 1')
        expect(await end).to.equal('converged')
        expect(given.map(name => name[0])).to.deep.equal(['1', '3', '2'])
        expect(lookup.closest).to.deep.equal([tinyContact(1, addrs), tinyContact(2, HERE), tinyContact(3, HERE)])
        expect(lookup.answered).to.equal(3)
      })
    }

    givesItOnce('sooner', HERE, 'beLate 1 at 1', 'answer 1 at 1', 'answer 1 at 2')
    givesItOnce('later', THERE, 'beLate 1 at 1', 'answer 1 at 2', 'answer 1 at 1')
    givesItOnce('only', HERE, 'beLate 1 at 1', 'answer 1 at 1', 'fail 1 at 2')
    givesItOnce('when it has failed elsewhere', HERE, 'beLate 1 at 1', 'fail 1 at 2', 'answer 1 at 1')
    givesItOnce('when it is late elsewhere, too', HERE, 'beLate 1 at 1', 'beLate 1 at 2', 'answer 1 at 1')

    function isAskedAgain (what: 'answer' | 'fail' | 'beLate'): void {
      it(`and does not take "${what}" there for the answer to what it is asked once more`, async () => {
        await all('beLate 1 at 1')
        await all('answer 1 at 1', 'answer 2 at 1', 'beLate 3 at 1')
        await all('fail 3 at 2')
        expect([...requests.keys()].slice(-2)).to.deep.equal(['2 at 1 about 3', '1 at 1 about 3'])
        await all(`${what} 1 at 2`, 'answer 2 at 1 about 3')
        expect(lookup.answered).to.equal(3)
        await all('answer 1 at 1 about 3')
        expect(await end).to.equal('exhausted')
        expect(lookup.answered).to.equal(4)
      })
    }

    isAskedAgain('answer')
    isAskedAgain('fail')
    isAskedAgain('beLate')
  })
})
