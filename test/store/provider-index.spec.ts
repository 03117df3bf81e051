import { expect } from 'aegir/chai'
import { ProviderIndex } from '../../src/store/provider-index.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { ProviderModel } from './provider-model.ts'
import type { ModelRow } from './provider-model.ts'
import type { ProviderLimits, ProviderRow } from '../../src/store/provider-index.ts'

const SELF = 0

/** With and without providers that are light: who has one record, two, is here. */
const LIMITS: Array<Required<ProviderLimits>> = [
  { maxRows: 9, maxKeys: 5, maxPerKey: 3, maxPerPeer: 4 },
  { maxRows: 4096, maxKeys: 2048, maxPerKey: 5, maxPerPeer: 4 }
]

const steps = fc.array(fc.record({
  type: fc.constantFrom('add', 'add', 'add', 'add', 'add', 'delete'),
  key: fc.nat(7),
  peer: fc.nat(9)
}), { maxLength: 120 })

function rowsOf (index: ProviderIndex, keys: number): string[] {
  return Array.from({ length: keys }, (_, key) => index.rowsOf(`${key}`)).flat().map(textOf).sort()
}

/** Enter rows one millisecond after another. */
function filled (index: ProviderIndex, rows: Array<[key: string, provider: string]>, from = 0): ProviderIndex {
  for (const [n, [key, provider]] of rows.entries()) {
    index.add({ key, provider, added: from + n })
  }
  return index
}

function providersOf (index: ProviderIndex, key: string): string[] {
  return index.rowsOf(key).map(({ provider }) => provider)
}

function textOf ({ key, provider, added }: ProviderRow): string {
  return `${key} ${provider} ${added}`
}

function textsOf (rows: readonly ModelRow[]): string[] {
  return rows.map(({ key, peer, added }) => `${key} ${peer} ${added}`).sort()
}

/** An index, and beside it the model that it must be like. */
class Pair {
  readonly #model: ProviderModel
  readonly #index: ProviderIndex

  constructor (limits: Required<ProviderLimits>) {
    this.#model = new ProviderModel(SELF, limits)
    this.#index = new ProviderIndex(`${SELF}`, limits)
  }

  delete (key: number, peer: number): void {
    this.#model.rows = this.#model.rows.filter(row => row.key !== key || row.peer !== peer)
    this.#index.delete(`${key}`, `${peer}`)
  }

  add (key: number, peer: number, added: number): void {
    const before = rowsOf(this.#index, 8).filter(row => !row.startsWith(`${key} ${peer} `))
    this.#model.add(key, peer, added)
    const gone = this.#index.add({ key: `${key}`, provider: `${peer}`, added }).map(textOf)
    expect([...rowsOf(this.#index, 8), ...gone].sort(), 'who gave way is told').to.deep.equal([...before, `${key} ${peer} ${added}`].sort())
  }

  compare (): void {
    const { rows, evicted } = this.#model
    const others = rows.filter(row => row.peer !== SELF)
    expect(rowsOf(this.#index, 8)).to.deep.equal(textsOf(rows))
    for (let peer = 0; peer <= 9; peer++) {
      expect(this.#index.rowsBy(`${peer}`).map(textOf).sort()).to.deep.equal(textsOf(rows.filter(row => row.peer === peer)))
    }
    expect(this.#index.counts).to.deep.equal({
      rows: others.length,
      own: rows.length - others.length,
      keys: new Set(others.map(({ key }) => key)).size,
      providers: new Set(others.map(({ peer }) => peer)).size,
      evicted
    })
  }
}

describe('store/provider-index', () => {
  LIMITS.forEach(limits => {
    it(`holds what a naive model holds: ${JSON.stringify(limits)}`, () => {
      fc.assert(fc.property(steps, steps => {
        const pair = new Pair(limits)
        for (const [added, { type, key, peer }] of steps.entries()) {
          if (type === 'delete') {
            pair.delete(key, peer)
          } else {
            pair.add(key, peer, added)
          }
          pair.compare()
        }
      }), { seed: 71, numRuns: repetitions(40) })
    })
  })

  it('tells the latest of a multihash first, of the same time ours, then who came last, whatever the clock said when they came', () => {
    const times = fc.array(fc.record({ peer: fc.nat(5), added: fc.nat(4) }), { maxLength: 20 })
    fc.assert(fc.property(times, times => {
      const index = new ProviderIndex(`${SELF}`)
      let rows: Array<{ peer: number, added: number }> = []
      for (const { peer, added } of times) {
        index.add({ key: 'k', provider: `${peer}`, added })
        rows = [{ peer, added }, ...rows.filter(row => row.peer !== peer)]
      }
      rows.sort((a, b) => b.added - a.added || Number(b.peer === SELF) - Number(a.peer === SELF))
      expect(index.rowsOf('k')).to.deep.equal(rows.map(({ peer, added }) => ({ key: 'k', provider: `${peer}`, added })))
      const old = rows.filter(({ peer, added }) => peer !== SELF && added <= 2)
      expect(index.upTo(2).map(({ provider }) => Number(provider))).to.have.members(old.map(({ peer }) => peer))
    }), { seed: 72 })
  })

  it('takes of one provider a quarter of its room, and lets go of the oldest of that', () => {
    const index = filled(new ProviderIndex(undefined, { maxRows: 40, maxKeys: 20 }), [['0', 'small'], ...Array.from({ length: 8 }, (_, n): [string, string] => [`${n}`, 'large'])])
    expect(index.counts).to.deep.include({ rows: 6, evicted: { rows: 0, keys: 0, perKey: 0, perPeer: 3 } })
    expect(index.rowsBy('large').map(({ key }) => key)).to.deep.equal(['3', '4', '5', '6', '7'])
    expect(providersOf(index, '0')).to.deep.equal(['small'])
  })

  it('does not prefer those with a single record to those with a few', () => {
    const room = { maxRows: 4096, maxKeys: 4096 }
    const index = filled(new ProviderIndex(undefined, room), Array.from({ length: 4 }, (_, n) => [`${n}`, 'few']))
    filled(index, Array.from({ length: 4092 }, (_, n) => [`many ${n}`, `many ${n}`]), 10)
    filled(index, Array.from({ length: 4 }, (_, n) => [`${n}`, 'few']), 5000) // it provides them still
    filled(index, Array.from({ length: 4000 }, (_, n) => [`more ${n}`, `more ${n}`]), 6000)
    expect(index.rowsBy('few')).to.have.lengthOf(4)
    filled(index, [['4', 'few'], ['next', 'next']], 11_000)
    expect(index.rowsBy('few'), 'a fifth is one too many').to.have.lengthOf(4)
  })

  it('takes one for as light as others up to one record in 1024', () => {
    const room = { maxRows: 2048, maxKeys: 2048, maxPerKey: 1 }
    const index = filled(new ProviderIndex(undefined, room), [['k', 'a'], ['x', 'b'], ['k', 'b']])
    expect(providersOf(index, 'k'), 'with two, the older record gives way').to.deep.equal(['b'])
    filled(index, [['y', 'c'], ['z', 'c'], ['k', 'c']], 10)
    expect(providersOf(index, 'k'), 'with three, who has most does').to.deep.equal(['b'])
  })

  it('prefers among later providers of a multihash those who have less, and never to those before', () => {
    const large = ['0', '1', '2', '3', '4'].map((n): [string, string] => [n, 'large'])
    const index = filled(new ProviderIndex(undefined, { maxRows: 4096, maxKeys: 4096, maxPerKey: 4 }), [...large, ['k', 'large'], ['k', 'a'], ['k', 'b']])
    filled(index, [...large.map(([key]): [string, string] => [key, 'flooder']), ['k', 'flooder'], ['k', 'c']], 20)
    expect(providersOf(index, 'k')).to.deep.equal(['c', 'b', 'a', 'large'])
    filled(index, [['k', 'flooder'], ['k', 'd']], 40)
    expect(providersOf(index, 'k')).to.deep.equal(['d', 'c', 'a', 'large'])
  })

  it('keeps half of a multihash\'s places for who has provided it for longest, half for the latest', () => {
    const index = new ProviderIndex(undefined, { maxPerKey: 4 })
    filled(index, [['k', 'a'], ['k', 'b'], ['k', 'c'], ['k', 'd'], ['k', 'e'], ['k', 'f']])
    expect(providersOf(index, 'k')).to.deep.equal(['f', 'e', 'b', 'a'])
    filled(index, [['k', 'a'], ['k', 'g'], ['k', 'h']], 10)
    expect(providersOf(index, 'k'), 'telling it again loses no place').to.deep.equal(['h', 'g', 'a', 'b'])
    index.delete('k', 'a')
    filled(index, [['k', 'a'], ['k', 'i'], ['k', 'j']], 20)
    expect(providersOf(index, 'k'), 'after a break its time begins anew').to.deep.equal(['j', 'i', 'g', 'b'])
  })
})
