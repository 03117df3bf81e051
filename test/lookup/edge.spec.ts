import { expect } from 'aegir/chai'
import { Lookup } from '../../src/lookup/lookup.ts'
import { numbers, tinyContact, tinyKey } from '../helpers/tiny.ts'
import type { LookupInit } from '../../src/lookup/lookup.ts'

/** A lookup for `00000000` that asks again: a peer's byte is its distance. A peer is slow after 10 ms. */
function lookupOf (seeds: number[], init: Partial<LookupInit> = {}): Lookup {
  return new Lookup({
    target: tinyKey(0),
    seeds: seeds.map(byte => tinyContact(byte)),
    k: 4,
    alpha: 10,
    paths: 10,
    asksAgain: true,
    slowAfter: () => 10,
    ...init
  })
}

/** Whom it asks now, and about whom if not about the target. */
function ask (lookup: Lookup, now = 0): string[] {
  const asked: string[] = []
  for (let step = lookup.next(now); step.type === 'ask'; step = lookup.next(now)) {
    asked.push(`${numbers([step.contact])[0]}${step.about == null ? '' : ` about ${numbers([step.about])[0]}`}`)
  }
  return asked
}

function answer (lookup: Lookup, from: number, ...closer: number[]): void {
  lookup.onResponse(tinyKey(from), closer.map(byte => tinyContact(byte)))
}

function fail (lookup: Lookup, ...bytes: number[]): void {
  bytes.forEach(byte => { lookup.onFailure(tinyKey(byte)) })
}

function found (lookup: Lookup, now = 0): string {
  const step = lookup.next(now)
  return step.type === 'done' ? `${step.reason}: ${numbers(step.closest).join(' ')}` : step.type
}

describe('Lookup: asking again', () => {
  for (const [what, fallSilent] of [
    ['failed', (lookup: Lookup) => { fail(lookup, 2) }],
    ['is late', (lookup: Lookup) => { lookup.onLate(tinyKey(2)) }]
  ] as const) {
    it(`asks two who answered about the farthest in reach when somebody close ${what}, and finds whom they name`, () => {
      const lookup = lookupOf([1, 2, 3, 4, 5])
      expect(ask(lookup)).to.deep.equal(['1', '2', '3', '4'])
      answer(lookup, 1)
      answer(lookup, 3)
      fallSilent(lookup)
      expect(ask(lookup), '4 has not answered').to.deep.equal(['5', '3 about 5', '1 about 5'])
      answer(lookup, 4)
      answer(lookup, 5)
      expect(found(lookup), 'it waits for them').to.equal('wait')
      answer(lookup, 3, 6)
      answer(lookup, 1)
      expect(found(lookup)).to.equal('converged: 1 3 4 5')
      expect(lookup.candidate(tinyKey(6))).to.have.property('state', 'heard')
      expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([7, 6, 1])
    })
  }

  it('asks whom these name if they are closer than the edge', () => {
    const lookup = lookupOf([1, 2, 3, 4, 9])
    ask(lookup)
    answer(lookup, 1)
    answer(lookup, 3)
    answer(lookup, 4)
    fail(lookup, 2)
    expect(ask(lookup)).to.deep.equal(['9', '4 about 9', '3 about 9'])
    answer(lookup, 9)
    answer(lookup, 4, 8)
    expect(ask(lookup)).to.deep.equal(['8'])
    answer(lookup, 8)
    answer(lookup, 3)
    expect(found(lookup)).to.equal('converged: 1 3 4 8')
  })

  it('asks about the last of the k in reach, not about one beyond', () => {
    const lookup = lookupOf([1, 2, 3, 4, 5, 6])
    ask(lookup)
    answer(lookup, 1)
    answer(lookup, 3)
    answer(lookup, 4)
    fail(lookup, 2)
    expect(ask(lookup)).to.deep.equal(['5', '4 about 5', '3 about 5'])
  })

  it('asks nobody again when all answer', () => {
    const lookup = lookupOf([1, 2, 3, 4, 5])
    ask(lookup)
    for (const byte of [1, 2, 3, 4]) {
      answer(lookup, byte)
    }
    expect(found(lookup)).to.equal('converged: 1 2 3 4')
  })

  it('asks nobody again when nobody has answered', () => {
    const lookup = lookupOf([1, 2])
    ask(lookup)
    fail(lookup, 1)
    expect(ask(lookup)).to.deep.equal([])
    fail(lookup, 2)
    expect(found(lookup)).to.equal('exhausted: ')
  })

  it('asks nobody again unless told to', () => {
    const lookup = lookupOf([1, 2, 3, 4, 5], { asksAgain: undefined })
    ask(lookup)
    answer(lookup, 1)
    fail(lookup, 2)
    expect(ask(lookup)).to.deep.equal(['5'])
  })

  it('asks nobody again for the sake of one that failed beyond the edge', () => {
    const lookup = lookupOf([8, 9], { k: 2 })
    ask(lookup)
    fail(lookup, 9)
    answer(lookup, 8, 1, 2)
    expect(ask(lookup)).to.deep.equal(['1', '2'])
    answer(lookup, 1)
    answer(lookup, 2)
    expect(found(lookup)).to.equal('converged: 1 2')
  })

  it('does so as soon as somebody is slow, beside the waiting', () => {
    const lookup = lookupOf([1, 2, 3, 4], { paths: 1 })
    ask(lookup)
    answer(lookup, 1)
    answer(lookup, 2)
    answer(lookup, 4)
    expect(lookup.next(5)).to.deep.equal({ type: 'wait', until: 10 })
    expect(ask(lookup, 10)).to.deep.equal(['2 about 4', '1 about 4'])
    answer(lookup, 1)
    answer(lookup, 2)
    answer(lookup, 3)
    expect(found(lookup, 11)).to.equal('converged: 1 2 3 4')
  })

  it('asks about the farthest heard of, failed or not, when there are fewer than k', () => {
    const lookup = lookupOf([1, 2, 7, 8, 9])
    ask(lookup)
    answer(lookup, 1)
    answer(lookup, 2)
    fail(lookup, 7, 8)
    expect(ask(lookup)).to.deep.equal(['9', '2 about 9', '1 about 9'])
    fail(lookup, 9)
    answer(lookup, 1, 17)
    expect(ask(lookup), 'farther away').to.deep.equal(['17'])
    fail(lookup, 17)
    answer(lookup, 2)
    expect(found(lookup), 'nobody is asked a third time').to.equal('exhausted: 1 2')
  })

  it('keeps those who answered once though they do not answer again, or late', () => {
    const lookup = lookupOf([1, 2, 3], { k: 3 })
    ask(lookup)
    answer(lookup, 1)
    answer(lookup, 2)
    fail(lookup, 3)
    expect(ask(lookup)).to.deep.equal(['2 about 3', '1 about 3'])
    fail(lookup, 1)
    expect(found(lookup)).to.equal('wait')
    lookup.onLate(tinyKey(2))
    expect(found(lookup)).to.equal('exhausted: 1 2')
    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([5, 2, 3])
  })

  it('asks no more at once than alpha', () => {
    const lookup = lookupOf([1, 2, 3], { alpha: 1, paths: 1 })
    expect(ask(lookup)).to.deep.equal(['1'])
    answer(lookup, 1)
    expect(ask(lookup)).to.deep.equal(['2'])
    answer(lookup, 2)
    expect(ask(lookup)).to.deep.equal(['3'])
    fail(lookup, 3)
    expect(ask(lookup)).to.deep.equal(['2 about 3'])
    answer(lookup, 2)
    expect(ask(lookup)).to.deep.equal(['1 about 3'])
  })
})
