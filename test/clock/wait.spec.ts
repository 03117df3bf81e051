import { expect } from 'aegir/chai'
import { sleep, startDeadline } from '../../src/clock/wait.ts'
import { VirtualClock } from '../../src/memory.ts'
import { countListeners } from '../helpers/listeners.ts'
import type { Deadline } from '../../src/clock/wait.ts'

describe('sleep', () => {
  it('takes its time', async () => {
    const clock = new VirtualClock({ start: 0 })
    await clock.run(sleep(clock, 500))

    expect(clock.now()).to.equal(500)
  })

  it('ends with the reason of its signal, and leaves no timer', async () => {
    const clock = new VirtualClock({ start: 0 })
    const reason = new Error('wake up')
    const controller = new AbortController()
    clock.schedule(100, () => { controller.abort(reason) })

    await expect(clock.run(sleep(clock, 500, controller.signal))).to.eventually.be.rejected().and.equal(reason)
    expect(clock.now()).to.equal(100)
    expect(clock.pending).to.equal(0)
  })

  it('does not begin for a signal that is aborted', async () => {
    const clock = new VirtualClock()
    const reason = new Error('no time')

    await expect(sleep(clock, 500, AbortSignal.abort(reason))).to.eventually.be.rejected().and.equal(reason)
    expect(clock.pending).to.equal(0)
  })
})

describe('deadline', () => {
  const tooLate = new Error('too late')

  it('aborts when its time is out', async () => {
    const clock = new VirtualClock()
    const deadline = startDeadline(clock, 100, () => tooLate)
    await clock.advance(99)
    expect(deadline.signal.aborted).to.be.false()
    await clock.advance(1)

    expect(deadline.signal.reason).to.equal(tooLate)
    expect(deadline.expired).to.be.true()
  })

  it('aborts with a parent, for its reason', () => {
    const clock = new VirtualClock()
    const parent = new AbortController()
    const reason = new Error('the parent')
    const deadline = startDeadline(clock, 100, () => tooLate, undefined, parent.signal)
    parent.abort(reason)
    deadline.clear()

    expect(deadline.signal.reason).to.equal(reason)
    expect(deadline.expired).to.be.false()
    expect(clock.pending).to.equal(0)
  })

  it('is aborted from the start by an aborted parent', () => {
    const reason = new Error('the parent')
    const deadline = startDeadline(new VirtualClock(), 100, () => tooLate, AbortSignal.abort(reason))
    deadline.clear()

    expect(deadline.signal.reason).to.equal(reason)
  })

  it('aborts with a parent of many, but for those that were cleared, and leaves nothing on it', () => {
    const clock = new VirtualClock()
    const parent = new AbortController()
    const listeners = countListeners(parent.signal)
    const start = (): Deadline[] => Array.from({ length: 10 }, () => startDeadline(clock, 100, () => tooLate, parent.signal))
    start().forEach(deadline => { deadline.clear() })
    expect(listeners.now).to.equal(0)

    const [first, ...others] = start()
    first.clear()
    expect(listeners.now).to.equal(1)
    parent.abort()
    expect([first, ...others].map(({ signal }) => signal.aborted)).to.deep.equal([false, ...others.map(() => true)])
    others.forEach(deadline => { deadline.clear() })
    expect(clock.pending).to.equal(0)
  })

  it('does nothing any more once cleared', async () => {
    const clock = new VirtualClock()
    const parent = new AbortController()
    const deadline = startDeadline(clock, 100, () => tooLate, parent.signal)
    deadline.clear()
    parent.abort()
    await clock.advance(1000)

    expect(deadline.signal.aborted).to.be.false()
  })
})
