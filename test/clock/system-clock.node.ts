import { expect } from 'aegir/chai'
import { systemClock } from '../../src/clock/clock.ts'

/** Timers that keep this process alive. */
function holding (): number {
  return process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
}

describe('the clock of the machine', () => {
  it('keeps a process alive for what is due at once, and for nothing else', () => {
    const before = holding()
    const cancelLater = systemClock.schedule(1, () => {})
    expect(holding()).to.equal(before)
    const cancelNow = systemClock.schedule(0, () => {})
    expect(holding()).to.equal(before + 1)
    cancelLater()
    cancelNow()
    expect(holding()).to.equal(before)
  })
})
