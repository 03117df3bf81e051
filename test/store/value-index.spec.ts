import { expect } from 'aegir/chai'
import { ValueIndex } from '../../src/store/value-index.ts'

describe('store/value-index', () => {
  it('holds one entry for a value, however often it was written', () => {
    const index = new ValueIndex()
    for (let expires = 1; expires <= 100; expires++) {
      index.set('a', 10, expires)
    }
    expect(index.expired(100)).to.have.lengthOf(1)
    index.delete('a')
    expect(index.expired(100)).to.deep.equal([])
  })
})
