import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { TimerHeap } from '../../src/hosts/memory/timer-heap.ts'
import type { Timer } from '../../src/hosts/memory/timer-heap.ts'

describe('TimerHeap', () => {
  it('has the earliest timer first, whichever leave in whatever order', () => {
    const times = fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 })
    fc.assert(fc.property(times, fc.array(fc.nat()), (times, picks) => {
      const heap = new TimerHeap()
      const timers: Timer[] = times.map((time, sequence) => ({ time, sequence, task () {}, index: -1 }))
      timers.forEach(timer => { heap.add(timer) })
      timers.sort((a, b) => a.time - b.time || a.sequence - b.sequence)
      // some leave from anywhere, the rest from the front
      for (const pick of [...picks, ...times.map(() => 0)]) {
        expect(heap.first()).to.equal(timers[0])
        expect(heap.size).to.equal(timers.length)
        timers.splice(pick % (timers.length || 1), 1).forEach(timer => {
          heap.remove(timer)
          heap.remove(timer)
        })
      }
      expect(heap.first()).to.equal(undefined)
    }), { seed: 5, numRuns: 1000 })
  })
})
