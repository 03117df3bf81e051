import { expect } from 'aegir/chai'
import { picked } from '../../src/iteration/picked.ts'

async function * numbers (upTo: number): AsyncGenerator<number> {
  for (let n = 1; n <= upTo; n++) {
    yield n
  }
}

/** Each number as often as it says. */
function repeated (n: number): number[] {
  return Array.from({ length: n }, () => n)
}

describe('what is picked of a sequence', () => {
  it('is none, one or several of each item', async () => {
    const seen: number[] = []
    for await (const n of picked(numbers(3), n => n === 1 ? [] : repeated(n))) {
      seen.push(n)
    }
    expect(seen).to.deep.equal([2, 2, 3, 3, 3])
  })

  it('comes in order to those who ask at once, and then its end to each', async () => {
    const items = picked(numbers(2), repeated)
    const results = await Promise.all(Array.from({ length: 5 }, async () => items.next()))
    expect(results.map(({ value }) => value)).to.deep.equal([1, 2, 2, undefined, undefined])
    expect(results.map(({ done }) => done)).to.deep.equal([false, false, false, true, true])
  })

  it('fails with the sequence', async () => {
    const failing = { next: async (): Promise<IteratorResult<number>> => { throw new RangeError('no') } }
    const items = picked({ [Symbol.asyncIterator]: () => failing }, repeated)
    expect(await items.next().catch((err: Error) => err.name)).to.equal('RangeError')
  })

  it('is left while somebody waits for it', async () => {
    let left = 0
    let end = (result: IteratorResult<number>): void => {}
    const source = {
      next: async () => new Promise<IteratorResult<number>>(resolve => { end = resolve }),
      return: async () => {
        left++
        end({ done: true, value: undefined })
        return { done: true as const, value: undefined }
      }
    }
    const items = picked({ [Symbol.asyncIterator]: () => source }, repeated)
    const waiting = items.next()
    expect(await items.return(undefined)).to.deep.equal({ done: true, value: undefined })
    expect(await waiting).to.deep.equal({ done: true, value: undefined })
    expect(await items.next()).to.deep.equal({ done: true, value: undefined })
    expect(left).to.equal(1)
  })
})
