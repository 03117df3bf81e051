import { expect } from 'aegir/chai'
import { Explored } from '../../src/lookup/explored.ts'
import { bits, numbers, tinyContact, tinyKey } from '../helpers/tiny.ts'
import type { Neighbourhood } from '../../src/lookup/explored.ts'

/** What is asked, in binary, and who is closest, or which part is unknown. */
function show (neighbourhood: Neighbourhood): string {
  return neighbourhood.type === 'known'
    ? numbers(neighbourhood.closest).map(number => number.toString(2).padStart(8, '0')).join(' ')
    : `${bits(neighbourhood.part.key).slice(0, neighbourhood.part.bits)}*?`
}

describe('what is explored', () => {
  it('is nothing at first', () => {
    expect(show(new Explored(2).neighbourhood(tinyKey(0b10110000)))).to.equal('*?')
  })

  it('is the half in which the target lies of the prefix that the k closest share', () => {
    const explored = new Explored(3)
    // the farthest shares 1 bit, hence all that begin with 10 are known
    expect(explored.learn(tinyKey(0b10110000), [0b10110001, 0b10000000, 0b11111111].map(byte => tinyContact(byte)))).to.equal(2)
    expect(show(explored.neighbourhood(tinyKey(0b10000001))), 'two are known, the third is in the other half').to.equal('11*?')
    // the farthest shares 2 bits, hence all that begin with 110 are known
    expect(explored.learn(tinyKey(0b11000000), [0b11000001, 0b11010000, 0b11111111].map(byte => tinyContact(byte)))).to.equal(3)
    expect(show(explored.neighbourhood(tinyKey(0b10000001))), 'its third is among them').to.equal('10000000 10110001 11000001')
    expect(show(explored.neighbourhood(tinyKey(0b10110000))), 'its third is not').to.equal('111*?')
    expect(show(explored.neighbourhood(tinyKey(0b00000000)))).to.equal('0*?')
  })

  it('is all when fewer than k answer', () => {
    const explored = new Explored(3)
    expect(explored.learn(tinyKey(0b10110000), [0b10110001, 0b00000001].map(byte => tinyContact(byte)))).to.equal(0)
    expect(show(explored.neighbourhood(tinyKey(0)))).to.equal('00000001 10110001')
  })

  it('is all, with nobody in it, when nobody answers', () => {
    const explored = new Explored(3)
    explored.learn(tinyKey(7), [])
    expect(show(explored.neighbourhood(tinyKey(0)))).to.equal('')
  })

  it('tells the k closest only, also of a part where more have come to live', () => {
    const explored = new Explored(2)
    explored.learn(tinyKey(0b10110000), [0b10110001, 0b01000000].map(byte => tinyContact(byte)))
    explored.learn(tinyKey(0b10110000), [0b10110001, 0b10110011].map(byte => tinyContact(byte)))
    explored.learn(tinyKey(0b10110110), [0b10110110, 0b10110011].map(byte => tinyContact(byte)))
    expect(show(explored.neighbourhood(tinyKey(0b10110000)))).to.equal('10110001 10110110')
  })

  it('tells each peer once, also of a part that was explored again', () => {
    const explored = new Explored(3)
    explored.learn(tinyKey(0b10110000), [0b10110001, 0b10110011].map(byte => tinyContact(byte)))
    explored.learn(tinyKey(0b10110000), [0b10110001, 0b10110011, 0b01000000].map(byte => tinyContact(byte)))
    expect(show(explored.neighbourhood(tinyKey(0b10110000)))).to.equal('10110001 10110011')
  })

  it('leaves out who is gone, and asks for more instead', () => {
    const explored = new Explored(2)
    explored.learn(tinyKey(0b00000000), [0b00000001, 0b10000000].map(byte => tinyContact(byte)))
    explored.learn(tinyKey(0b10000000), [0b10000000, 0b10000001].map(byte => tinyContact(byte)))
    expect(show(explored.neighbourhood(tinyKey(0)))).to.equal('00000001 10000000')
    explored.drop(tinyKey(0b00000001))
    explored.drop(tinyKey(0b11111111))
    expect(show(explored.neighbourhood(tinyKey(0)))).to.equal('10000001*?')
  })

  it('can be forgotten', () => {
    const explored = new Explored(3)
    explored.learn(tinyKey(7), [tinyContact(3)])
    explored.forget()
    expect(show(explored.neighbourhood(tinyKey(0)))).to.equal('*?')
  })
})
