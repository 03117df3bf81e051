import { expect } from 'aegir/chai'
import { TimeHeap } from '../../src/clock/time-heap.ts'
import fc from '../helpers/fast-check.ts'
import type { Timed } from '../../src/clock/time-heap.ts'

const steps = fc.array(fc.record({ type: fc.constantFrom('add', 'add', 'remove', 'look'), n: fc.nat(30) }), { maxLength: 120 })

/** What a heap is, in as few words as possible. */
class SortedArray {
  items: Timed[] = []

  add (item: Timed): void {
    this.items.push(item)
    this.items.sort((a, b) => a.time - b.time || a.sequence - b.sequence)
  }

  remove (item: Timed): void {
    this.items = this.items.filter(other => other !== item)
  }

  upTo (time: number): Timed[] {
    return this.items.filter(item => item.time <= time)
  }
}

describe('clock/time-heap', () => {
  it('does as a sorted array does', () => {
    fc.assert(fc.property(steps, steps => {
      const heap = new TimeHeap<Timed>()
      const model = new SortedArray()
      for (const [sequence, { type, n }] of steps.entries()) {
        if (type === 'add') {
          const item = { time: n, sequence, place: -1 }
          heap.add(item)
          model.add(item)
        } else if (type === 'remove' && model.items.length > 0) {
          const item = model.items[n % model.items.length]
          heap.remove(item)
          heap.remove(item) // harmless
          model.remove(item)
        }
        expect(heap.size).to.equal(model.items.length)
        expect(heap.first()).to.equal(model.items[0])
        expect(heap.upTo(n)).to.have.ordered.members(model.upTo(n))
      }
    }), { seed: 31, numRuns: 100 })
  })

  it('looks at few others than those it finds', () => {
    const heap = new TimeHeap<Timed>()
    let looks = 0
    const watched = (sequence: number): Timed => ({ get time () { looks++; return (sequence * 7919) % 100_000 }, sequence, place: -1 })
    for (let sequence = 0; sequence < 100_000; sequence++) {
      heap.add(watched(sequence))
    }
    looks = 0
    expect(heap.upTo(-1)).to.deep.equal([])
    expect(looks).to.equal(1)
    expect(heap.upTo(9)).to.have.lengthOf(10)
    expect(looks).to.be.lessThan(200)
  })
})
