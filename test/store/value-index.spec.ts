import { expect } from 'aegir/chai'
import { ValueIndex } from '../../src/store/value-index.ts'
import fc from '../helpers/fast-check.ts'

const LIMITS = { maxValues: 6, maxBytes: 40, maxPerPeer: 3, maxBytesPerPeer: 20 }

interface ModelValue {
  readonly id: string
  readonly bytes: number
  readonly from: string | undefined
  readonly expires: number
}

/** Which values there are and whom they count against, in as few words as possible. */
class Model {
  values: ModelValue[] = []
  readonly refused = { full: 0, perPeer: 0 }

  put ({ id, bytes, from, expires }: ModelValue, now: number): 'full' | 'perPeer' | undefined {
    const old = this.values.find(value => value.id === id)
    const others = this.values.filter(value => value !== old)
    const owner = old != null && old.expires > now && bytes <= old.bytes ? old.from : from
    const ofOwner = others.filter(({ from }) => from === owner)
    const growsOwner = old == null || old.from !== owner
    let reason: 'full' | 'perPeer' | undefined
    if (owner != null && ((growsOwner && ofOwner.length + 1 > LIMITS.maxPerPeer) || (bytes > (growsOwner ? 0 : old.bytes) && sum(ofOwner) + bytes > LIMITS.maxBytesPerPeer))) {
      reason = 'perPeer'
    }
    if ((old == null && others.length + 1 > LIMITS.maxValues) || (bytes > (old?.bytes ?? 0) && sum(others) + bytes > LIMITS.maxBytes)) {
      reason = 'full'
    }
    if (reason == null) {
      this.values = [...others, { id, bytes, from: owner, expires }]
    } else {
      this.refused[reason]++
    }
    return reason
  }
}

function sum (values: ModelValue[]): number {
  return values.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Write as stores do: reserve, then write, then enter; a write may fail. */
function write (index: ValueIndex, { id, bytes, from, expires }: ModelValue, now: number, isDone: boolean): 'full' | 'perPeer' | undefined {
  const room = index.roomFor({ id, bytes, from }, now)
  try {
    const release = index.reserve(room)
    if (isDone) {
      index.set(room, expires)
    }
    release()
    return undefined
  } catch (err) {
    return err instanceof Error && 'reason' in err && (err.reason === 'full' || err.reason === 'perPeer') ? err.reason : undefined
  }
}

const steps = fc.array(fc.record({
  type: fc.constantFrom('put', 'put', 'put', 'put', 'fail', 'delete'),
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  bytes: fc.nat(12),
  from: fc.constantFrom('x', 'y', 'z', undefined),
  life: fc.integer({ min: 1, max: 12 })
}), { maxLength: 80 })

describe('store/value-index', () => {
  it('holds one entry for a value, however often it was written', () => {
    const index = new ValueIndex()
    for (let expires = 1; expires <= 100; expires++) {
      index.set({ id: 'a', bytes: 10 }, expires)
    }
    expect(index.expired(100)).to.have.lengthOf(1)
    index.delete('a')
    expect(index.expired(100)).to.deep.equal([])
  })

  it('counts values against peers as a naive model does, whatever is written', () => {
    fc.assert(fc.property(steps, steps => {
      const index = new ValueIndex(LIMITS)
      const model = new Model()
      for (const [now, { type, life, ...value }] of steps.entries()) {
        const written = { ...value, expires: now + life }
        switch (type) {
          case 'put':
            expect(write(index, written, now, true)).to.equal(model.put(written, now))
            break
          case 'fail': {
            const values = model.values
            expect(write(index, written, now, false)).to.equal(model.put(written, now))
            model.values = values
            break
          }
          default:
            index.delete(value.id)
            model.values = model.values.filter(({ id }) => id !== value.id)
        }
        const kept = [...index.entries()].map(({ id, bytes, from, time: expires }) => ({ id, bytes, from, expires }))
        expect(kept).to.deep.equal(model.values)
        expect(index.counts).to.deep.equal({ values: kept.length, bytes: sum(kept), refused: model.refused })
      }
    }), { seed: 81, numRuns: 150 })
  })

  it('takes in the place of a value one that is no larger, though there is more than it may hold', () => {
    const index = new ValueIndex({ maxValues: 1, maxBytes: 10 })
    index.set({ id: 'a', bytes: 8 }, 100)
    index.set({ id: 'b', bytes: 8 }, 100)
    expect(index.fits({ id: 'a', bytes: 8 })).to.equal(true)
    expect(index.fits({ id: 'a', bytes: 9 })).to.equal(false)
    expect(index.fits({ id: 'c', bytes: 0 })).to.equal(false)
  })

  it('takes of one peer a quarter of its room', () => {
    const index = new ValueIndex({ maxValues: 8, maxBytes: 80 })
    const reserve = (id: string, bytes: number, from?: string): void => { index.reserve({ id, bytes, from }) }
    reserve('a', 1, 'x')
    reserve('b', 1, 'x')
    expect(() => { reserve('c', 1, 'x') }).to.throw(/no more of this peer: at most 2 values, 20 bytes/).with.property('reason', 'perPeer')
    reserve('c', 20, 'y')
    expect(() => { reserve('d', 1, 'y') }, 'what is being written counts').to.throw().with.property('reason', 'perPeer')
    reserve('d', 58)
    expect(() => { reserve('e', 1, 'z') }).to.throw(/store is full/).with.property('reason', 'full')
  })

  it('refuses a value that is larger than what one peer may have, be it its first', () => {
    const index = new ValueIndex({ maxValues: 8, maxBytes: 80 })
    expect(() => { index.reserve({ id: 'a', bytes: 21, from: 'x' }) }).to.throw().with.property('reason', 'perPeer')
    index.reserve({ id: 'a', bytes: 20, from: 'x' })
  })

  it('counts what is being written, and gives no room back before it is', () => {
    const index = new ValueIndex({ maxValues: 2, maxBytes: 20 })
    index.set({ id: 'a', bytes: 20 }, 100)
    const release = index.reserve({ id: 'a', bytes: 2 })
    expect(index.fits({ id: 'b', bytes: 2 }), 'the smaller is not written yet').to.equal(false)
    index.set({ id: 'a', bytes: 2 }, 100)
    release()
    index.reserve({ id: 'b', bytes: 2 })
    expect(index.fits({ id: 'c', bytes: 0 }), 'a third').to.equal(false)
  })

  it('does not put back an entry of a value that was written anew, or has gone', () => {
    const index = new ValueIndex()
    for (const id of ['a', 'b']) {
      index.set({ id, bytes: 1 }, 10)
    }
    const entries = index.expired(10)
    entries.forEach(entry => { index.setAside(entry) })
    index.set({ id: 'a', bytes: 1 }, 20)
    index.delete('b')
    entries.forEach(entry => { index.putBack(entry) })
    expect(index.expired(20).map(({ time }) => time)).to.deep.equal([20])
  })

  it('puts an entry back once that two have set aside', () => {
    const index = new ValueIndex()
    index.set({ id: 'a', bytes: 1 }, 10)
    const [entry] = index.expired(10)
    for (const change of ['setAside', 'setAside', 'putBack', 'putBack'] as const) {
      index[change](entry)
    }
    expect(index.expired(10)).to.deep.equal([entry])
    index.delete('a')
    expect(index.firstExpired(10)).to.equal(undefined)
  })
})
