import { expect } from 'aegir/chai'
import { LruCache } from '../../src/cache/lru-cache.ts'

describe('cache/lru-cache', () => {
  it('keeps what was used last', () => {
    const cache = new LruCache<number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')
    cache.set('c', 3)
    expect(['a', 'b', 'c'].map(id => cache.get(id))).to.deep.equal([1, undefined, 3])
  })

  it('may keep nothing', () => {
    const cache = new LruCache<number>(0)
    cache.set('a', 1)
    expect(cache.get('a')).to.equal(undefined)
  })
})
