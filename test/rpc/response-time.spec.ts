import { expect } from 'aegir/chai'
import { ResponseTime } from '../../src/rpc/response-time.ts'

describe('ResponseTime', () => {
  it('knows nothing before the first answer', () => {
    const time = new ResponseTime()
    expect(time.expected).to.equal(undefined)
    expect(time.timeout).to.equal(undefined)
  })

  it('expects what was measured, and leaves room for what varies', () => {
    const time = new ResponseTime()
    for (let i = 0; i < 100; i++) {
      time.add(i % 2 === 0 ? 90 : 110)
    }
    expect(time.expected).to.be.closeTo(100, 2)
    expect(time.timeout).to.be.within(130, 150)
  })

  it('follows answers that have become slower within a few, and is not led astray by one', () => {
    const time = new ResponseTime()
    for (let i = 0; i < 20; i++) {
      time.add(i % 2 === 0 ? 90 : 110)
    }
    time.add(4000)
    expect(time.timeout).to.be.lessThan(500)
    for (let i = 0; i < 4; i++) {
      time.add(4000)
    }
    expect(time.timeout).to.be.greaterThan(4000)
  })

  it('takes no answer for faster than at once, should the clock be set back meanwhile', () => {
    const time = new ResponseTime()
    time.add(100)
    time.add(-3_600_000)
    expect(time.expected).to.be.within(80, 100)
    expect(time.timeout).to.be.within(100, 1000)
  })
})
