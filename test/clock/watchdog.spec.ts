import { expect } from 'aegir/chai'
import { Watchdog } from '../../src/clock/watchdog.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'

describe('Watchdog', () => {
  let clock: VirtualClock
  let bites: number[]
  let watchdog: Watchdog

  beforeEach(() => {
    clock = new VirtualClock({ start: 0 })
    bites = []
    watchdog = new Watchdog(clock, () => { bites.push(clock.now()) })
  })

  it('bites once, at its deadline', async () => {
    watchdog.set(100)
    await clock.advance(99)
    expect(bites).to.deep.equal([])
    await clock.advance(1000)
    expect(bites).to.deep.equal([100])
    expect(clock.pending).to.equal(0)
  })

  it('does not bite while it is set again in time, and schedules hardly anything', async () => {
    for (let i = 0; i < 100; i++) {
      watchdog.set(100)
      expect(clock.pending).to.equal(1)
      await clock.advance(50)
    }
    expect(bites).to.deep.equal([])
    await clock.advance(1000)
    expect(bites).to.deep.equal([5050])
  })

  it('waits once more at the most when the clock is set back', async () => {
    let setBack = 0
    const stepping = new Watchdog({ now: () => clock.now() - setBack, schedule: (ms, task) => clock.schedule(ms, task) }, () => { bites.push(clock.now()) })
    stepping.set(100)
    await clock.advance(50)
    setBack = 3_600_000
    await clock.advance(3_600_000)
    expect(bites).to.deep.equal([200])
    stepping.set(100)
    await clock.advance(1000)
    expect(bites).to.deep.equal([200, 3_600_150])
    expect(clock.pending).to.equal(0)
  })

  it('takes a nearer deadline', async () => {
    watchdog.set(1000)
    watchdog.set(10)
    await clock.advance(2000)
    expect(bites).to.deep.equal([10])
  })

  it('does not bite once cleared, and leaves nothing behind once stopped', async () => {
    watchdog.set(100)
    watchdog.clear()
    await clock.advance(1000)
    expect(bites).to.deep.equal([])
    watchdog.set(100)
    watchdog.stop()
    expect(clock.pending).to.equal(0)
  })

  it('takes a time that has passed, and bites a turn later', async () => {
    const readUntil: number[] = []
    const late = new Watchdog(clock, until => { readUntil.push(until) })
    await clock.advance(100)
    late.setAt(10)
    late.setAt(20)
    expect(clock.pending).to.equal(1)
    await clock.advance(0)
    expect(readUntil, 'all that came before has been read').to.deep.equal([100])
  })

  it('is not put off by other times that have passed', async () => {
    await clock.advance(100)
    watchdog.setAt(10)
    clock.schedule(0, () => { watchdog.setAt(20) })
    await clock.advance(0)
    expect(bites).to.deep.equal([100])
  })

  it('spares what came in the very turn of its deadline', async () => {
    clock.schedule(100, () => { clock.schedule(0, () => { watchdog.set(50) }) })
    watchdog.set(100)
    await clock.advance(149)
    expect(bites).to.deep.equal([])
    await clock.advance(1000)
    expect(bites).to.deep.equal([150])
  })
})
