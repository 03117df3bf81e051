import { expect } from 'aegir/chai'
import { FrameBudget } from '../../src/rpc/frame-budget.ts'
import fc from '../helpers/fast-check.ts'
import type { Stream } from '../../src/rpc/connection.ts'

const SEED = 20260104
const MAX_BYTES = 100
const STREAMS = 5

/** Told which stream is reset, and why. */
type OnReset = (index: number, err: Error) => void

function streamThatTells (index: number, onReset: OnReset): Stream {
  return {
    source: (async function * () { yield * [] })(),
    sink: async () => {},
    abort (err) { onReset(index, err) }
  }
}

describe('FrameBudget', () => {
  it('resets the stream with the longest unfinished frame whenever all have too many bytes together, and no other', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: STREAMS - 1 }), fc.oneof(fc.constant(0), fc.nat({ max: 60 }))), { maxLength: 40 })
    fc.assert(fc.property(steps, steps => {
      const reset: Array<{ index: number, message: string }> = []
      const onReset: OnReset = (index, { message }) => { reset.push({ index, message }) }
      const streams = Array.from({ length: STREAMS }, (_, index) => streamThatTells(index, onReset))
      const budget = new FrameBudget(MAX_BYTES)
      const held = new Array<number>(STREAMS).fill(0)
      for (const [index, byteLength] of steps) {
        const before = reset.length
        budget.hold(streams[index], byteLength)
        held[index] = byteLength
        const isTooMuch = held.reduce((sum, bytes) => sum + bytes) > MAX_BYTES
        expect(reset).to.have.lengthOf(isTooMuch ? before + 1 : before)
        if (isTooMuch) {
          const { index: longest, message } = reset[before]
          expect(held[longest]).to.equal(Math.max(...held))
          expect(message).to.include('more than 100 bytes')
          held[longest] = 0
        }
      }
    }), { seed: SEED, numRuns: 500 })
  })
})
