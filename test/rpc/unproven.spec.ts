import { expect } from 'aegir/chai'
import { MAX_UNPROVEN } from '../../src/rpc/limits.ts'
import { Unproven } from '../../src/rpc/unproven.ts'
import fc from '../helpers/fast-check.ts'

const SEED = 20260103

/** A frame that says which of them it is. */
function frameOf (place: number): Uint8Array {
  return Uint8Array.of(place >>> 8, place & 0xff)
}

function placesOf (frames: ReturnType<Unproven['take']>): number[] {
  return frames.map(frame => frame.subarray()).map(([high, low]) => high << 8 | low)
}

describe('Unproven', () => {
  it('has what was sent behind all that the peer is known to have read, in order, once', () => {
    const step = fc.constantFrom('send', 'send', 'take', 'ask', 'answer', 'lose')
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const unproven = new Unproven()
      const underWay: number[] = []
      const asked: number[] = []
      let kept: number[] = []
      for (const step of steps) {
        if (step === 'send') {
          underWay.push(unproven.place())
        } else if (step === 'take' && underWay.length > 0) {
          const [place] = underWay.splice(0, 1)
          unproven.keep(place, frameOf(place))
          kept.push(place)
        } else if (step === 'ask' && underWay.length === 0) { // the request goes behind all that was sent
          asked.push(unproven.sent)
        } else if (step === 'answer' && asked.length > 0) {
          const [behind] = asked.splice(0, 1)
          unproven.prove(behind)
          kept = kept.filter(place => place >= behind)
        } else if (step === 'lose') {
          expect(placesOf(unproven.take())).to.deep.equal(kept)
          kept = []
        }
      }
      expect(placesOf(unproven.take())).to.deep.equal(kept)
    }), { seed: SEED, numRuns: 500 })
  })

  it('keeps so many, the last ones', () => {
    const unproven = new Unproven()
    for (let i = 0; i < MAX_UNPROVEN + 3; i++) {
      const place = unproven.place()
      unproven.keep(place, frameOf(place))
    }
    expect(placesOf(unproven.take())).to.deep.equal(Array.from({ length: MAX_UNPROVEN }, (_, i) => i + 3))
  })
})
