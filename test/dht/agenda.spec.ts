import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { Agenda } from '../../src/dht/maintenance/agenda.ts'
import { Tasks } from '../../src/dht/tasks.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import fc from '../helpers/fast-check.ts'
import type { Clock } from '../../src/clock/clock.ts'
import type { AgendaInit } from '../../src/dht/maintenance/agenda.ts'

const log = defaultLogger().forComponent('test')
const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Done {
  readonly id: string
  readonly at: number
}

describe('an agenda', () => {
  let clock: VirtualClock
  let tasks: Tasks
  let done: Done[]

  beforeEach(() => {
    clock = new VirtualClock()
    tasks = new Tasks(log)
    done = []
  })

  afterEach(async () => {
    await clock.run(tasks.stop(new Error('over')))
    expect(clock.pending, 'timers left').to.equal(0)
  })

  function agenda (slack = 0, work?: (ids: readonly string[]) => Promise<void>, init: Partial<AgendaInit> = {}): Agenda {
    return new Agenda({
      clock,
      tasks,
      log,
      what: 'testing',
      slack,
      work: work ?? (async ids => { done.push(...ids.map(id => ({ id, at: clock.now() }))) }),
      ...init
    })
  }

  /** The clock, once it was set back by so much. */
  function behind (ms: () => number): Clock {
    return { now: () => clock.now() - ms(), schedule: (delay, task) => clock.schedule(delay, task) }
  }

  /** `enter`: something is entered after the clock was set back, that is due after so many milliseconds; 0: nothing. */
  async function expectInTime (enter: number): Promise<void> {
    let setBack = 0
    const stepping = behind(() => setBack)
    const begun = clock.now()
    const under = agenda(0, async ids => { done.push(...ids.map(id => ({ id, at: clock.now() - begun }))) }, { clock: stepping })
    under.set('a', stepping.now() + HOUR)
    under.set('b', stepping.now() + 2 * HOUR)
    under.begin()
    await clock.advance(1_000)
    under.set('c', stepping.now() + 3 * HOUR)
    setBack = 1_000 * DAY
    if (enter > 0) {
      under.set('d', stepping.now() + enter)
      await clock.advance(enter)
      expect(done).to.deep.equal([{ id: 'd', at: enter + 1_000 }])
    }
    await clock.advance(4 * HOUR)
    expect(done.slice(-3)).to.deep.equal([{ id: 'a', at: HOUR }, { id: 'b', at: 2 * HOUR }, { id: 'c', at: 3 * HOUR + 1_000 }])
    expect(under.size).to.equal(0)
  }

  it('is not late when the clock is set back', async () => { await expectInTime(0) })

  it('is not late when the clock is set back and something is entered then', async () => { await expectInTime(HOUR / 2) })

  it('begins no other round beside one when the clock is set back', async () => {
    let setBack = 0
    let [underWay, most] = [0, 0]
    const stepping = behind(() => setBack)
    const under = agenda(0, async () => {
      most = Math.max(most, ++underWay)
      await new Promise<void>(resolve => { clock.schedule(DAY, resolve) })
      underWay--
    }, { clock: stepping })
    under.set('a', stepping.now())
    setBack = DAY
    under.begin()
    await clock.advance(3_600_000)
    expect(underWay).to.equal(1)
    under.set('b', stepping.now())
    await clock.advance(2 * DAY)
    expect(most).to.equal(1)
    expect(under.size).to.equal(0)
  })

  it('does each thing once, when it is due, however it is changed meanwhile', async () => {
    const changes = fc.array(fc.record({ at: fc.nat(100), id: fc.constantFrom('a', 'b', 'c', 'd'), due: fc.option(fc.nat(100)) }), { maxLength: 30 })
    await fc.assert(fc.asyncProperty(changes, async changes => {
      clock = new VirtualClock()
      tasks = new Tasks(log)
      done = []
      const begun = clock.now()
      const under = agenda()
      under.begin()
      const expected: Done[] = []
      const due = new Map<string, number>()
      const pass = async (to: number): Promise<void> => {
        for (const [id, time] of due) {
          if (time <= to) {
            expected.push({ id, at: begun + time })
            due.delete(id)
          }
        }
        await clock.advance(begun + to - clock.now())
      }
      for (const { at, id, due: after } of changes.toSorted((x, y) => x.at - y.at)) {
        await pass(at)
        if (after == null) {
          under.delete(id)
          due.delete(id)
        } else {
          under.set(id, begun + at + 1 + after)
          due.set(id, at + 1 + after)
        }
      }
      await pass(300)
      const inOrder = (a: Done, b: Done): number => a.at - b.at || a.id.localeCompare(b.id)
      expect(done.sort(inOrder)).to.deep.equal(expected.sort(inOrder))
      expect(under.size).to.equal(0)
      await clock.run(tasks.stop(new Error('over')))
    }), { seed: 11, numRuns: 200 })
  })

  it('does at once what was due before it began', async () => {
    const under = agenda()
    under.set('late', clock.now() - DAY)
    under.begin()
    await clock.advance(0)
    expect(done.map(({ id }) => id)).to.deep.equal(['late'])
  })

  it('does together what is due within the slack, but nothing before something is due', async () => {
    const begun = clock.now()
    const under = agenda(10)
    under.begin()
    for (const [id, ms] of [['a', 100], ['b', 105], ['c', 110], ['d', 111]] as const) {
      under.set(id, begun + ms)
    }
    await clock.advance(99)
    expect(done).to.deep.equal([])
    await clock.advance(1)
    expect(done).to.deep.equal(['a', 'b', 'c'].map(id => ({ id, at: begun + 100 })))
    await clock.advance(11)
    expect(done.at(-1)).to.deep.equal({ id: 'd', at: begun + 111 })
  })

  it('waits for longer than a timer can', async () => {
    const under = agenda()
    under.begin()
    under.set('far', clock.now() + 40 * DAY)
    expect(under.next).to.equal(clock.now() + 40 * DAY)
    await clock.advance(40 * DAY - 1)
    expect(done).to.deep.equal([])
    await clock.advance(1)
    expect(done.map(({ id }) => id)).to.deep.equal(['far'])
  })

  it('takes what is entered while it works, and goes on after work that failed', async () => {
    let rounds = 0
    const under = agenda(0, async ids => {
      rounds++
      under.set(ids[0], clock.now() + 10)
      throw new Error('no luck')
    })
    under.begin()
    under.set('again', clock.now())
    await clock.advance(50)
    expect(rounds).to.equal(6)
    expect(under.timeOf('again')).to.equal(clock.now() + 10)
  })
})
