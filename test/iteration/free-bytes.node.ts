import { expect } from 'aegir/chai'
import { freeBytes } from '../../src/iteration/free-bytes.ts'

describe('iteration/free-bytes', () => {
  it('gives back memory that holds nothing else', () => {
    const bytes = new Uint8Array(10)
    freeBytes(bytes)
    expect(bytes.byteLength).to.equal(0)
  })

  it('leaves memory that may hold something else', () => {
    const { buffer } = new Uint8Array(10)
    const views = [new Uint8Array(buffer, 0, 9), new Uint8Array(buffer, 1)]
    views.forEach(freeBytes)
    expect(views.map(({ byteLength }) => byteLength)).to.deep.equal([9, 9])
  })

  it('leaves memory that is shared with others', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(10))
    freeBytes(bytes)
    expect(bytes.byteLength).to.equal(10)
  })
})
