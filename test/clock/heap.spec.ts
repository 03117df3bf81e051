import { expect } from 'aegir/chai'
import { Heap } from '../../src/clock/heap.ts'
import fc from '../helpers/fast-check.ts'

interface Item {
  weight: number
  place: number
}

const changes = fc.array(fc.record({ type: fc.constantFrom('move', 'move', 'remove'), at: fc.nat(99), weight: fc.nat(1000) }), { maxLength: 60 })

describe('clock/heap', () => {
  it('keeps its order when items move and leave', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 20, maxLength: 100 }), changes, (weights, changes) => {
      const heap = new Heap<Item>((a, b) => a.weight < b.weight)
      let items = weights.map(weight => ({ weight, place: -1 }))
      items.forEach(item => { heap.add(item) })
      for (const { type, at, weight } of changes) {
        const item = items[at % items.length]
        if (type === 'move') {
          item.weight = weight
          heap.move(item)
        } else if (items.length > 1) {
          heap.remove(item)
          items = items.filter(other => other !== item)
        }
      }
      const drained: number[] = []
      for (let first = heap.first(); first != null; first = heap.first()) {
        drained.push(first.weight)
        heap.remove(first)
      }
      expect(drained).to.deep.equal(items.map(({ weight }) => weight).sort((a, b) => a - b))
      expect(heap.size).to.equal(0)
    }), { seed: 91, numRuns: 200 })
  })
})
