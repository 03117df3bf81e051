import { expect } from 'aegir/chai'
import { Lookup, MAX_CANDIDATES_PER_K, MAX_CLOSER_PEERS } from '../../src/lookup/lookup.ts'
import { numbers, tinyContact, tinyKey } from '../helpers/tiny.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { LookupInit } from '../../src/lookup/lookup.ts'

function contacts (...bytes: number[]): Contact[] {
  return bytes.map(byte => tinyContact(byte))
}

/** A lookup for `00000000`: a peer's byte is its distance. A peer is slow after 10 ms. */
function lookupOf (seeds: number[], init: Partial<LookupInit> = {}): Lookup {
  return new Lookup({ target: tinyKey(0), seeds: contacts(...seeds), k: 3, alpha: 2, slowAfter: () => 10, ...init })
}

/** Whom it asks now. */
function ask (lookup: Lookup, now = 0): number[] {
  const asked: number[] = []
  for (let step = lookup.next(now); step.type === 'ask'; step = lookup.next(now)) {
    asked.push(step.contact.key[0])
  }
  return asked
}

/** What it does now, in a word. */
function show (lookup: Lookup, now = 0): string {
  const step = lookup.next(now)
  if (step.type === 'ask') {
    return `ask ${step.contact.key[0]}`
  }
  if (step.type === 'wait') {
    return `wait until ${step.until}`
  }
  return `${step.reason}: ${numbers(step.closest).join(' ')}`.trim()
}

function answer (lookup: Lookup, from: number, ...closer: number[]): void {
  lookup.onResponse(tinyKey(from), contacts(...closer))
}

function states (lookup: Lookup): string {
  return lookup.candidates.map(({ contact, state }) => `${contact.key[0]} ${state}`).join(', ')
}

describe('Lookup: asking', () => {
  it('asks the closest first, alpha at once', () => {
    const lookup = lookupOf([9, 3, 7])

    expect(ask(lookup)).to.deep.equal([3, 7])
    expect(states(lookup)).to.equal('3 asked, 7 asked, 9 heard')
  })

  it('asks on when somebody answers, closer peers before those it had', () => {
    const lookup = lookupOf([9, 3, 7])
    ask(lookup)
    answer(lookup, 7, 1)

    expect(ask(lookup)).to.deep.equal([1])
  })

  it('asks on when somebody fails', () => {
    const lookup = lookupOf([9, 3, 7])
    ask(lookup)
    lookup.onFailure(tinyKey(3))

    expect(ask(lookup)).to.deep.equal([9])
    expect(states(lookup)).to.equal('3 failed, 7 asked, 9 asked')
  })

  it('asks nobody who is not among the k closest that did not fail', () => {
    const lookup = lookupOf([1, 2, 3, 4, 5], { alpha: 10 })
    expect(ask(lookup)).to.deep.equal([1, 2, 3])

    lookup.onFailure(tinyKey(2))
    expect(ask(lookup)).to.deep.equal([4])
  })

  it('never asks ourselves', () => {
    const lookup = lookupOf([1, 5], { self: tinyKey(1) })
    expect(ask(lookup)).to.deep.equal([5])

    answer(lookup, 5, 1)
    expect(show(lookup)).to.equal('exhausted: 5')
  })
})

describe('Lookup: the end', () => {
  it('has converged when the k closest have answered', () => {
    const lookup = lookupOf([1, 2, 3, 4], { alpha: 10 })
    ask(lookup)
    answer(lookup, 3, 4, 5)
    answer(lookup, 1)
    expect(show(lookup)).to.equal('wait until Infinity')

    answer(lookup, 2)
    expect(show(lookup)).to.equal('converged: 1 2 3')
  })

  it('passes over those who failed', () => {
    const lookup = lookupOf([1, 2, 3, 4], { alpha: 10 })
    ask(lookup)
    lookup.onFailure(tinyKey(1))
    ask(lookup)
    for (const byte of [2, 3, 4]) {
      answer(lookup, byte)
    }

    expect(show(lookup)).to.equal('converged: 2 3 4')
  })

  it('is exhausted when everybody was asked and fewer than k answered', () => {
    const lookup = lookupOf([1, 2])
    ask(lookup)
    answer(lookup, 2)
    lookup.onFailure(tinyKey(1))

    expect(show(lookup)).to.equal('exhausted: 2')
  })

  it('asks more seeds when everybody else was asked, some answered, and they are fewer than k', () => {
    const lookup = lookupOf([1, 2], { moreSeeds: () => contacts(1, 2, 8, 9) })
    ask(lookup)
    answer(lookup, 1, 4)
    lookup.onFailure(tinyKey(2))
    expect(ask(lookup), 'there is one left who was named').to.deep.equal([4])
    lookup.onFailure(tinyKey(4))
    expect(ask(lookup)).to.deep.equal([8, 9])
    answer(lookup, 8)
    answer(lookup, 9)
    expect(show(lookup)).to.equal('converged: 1 8 9')
  })

  it('asks for more seeds once, and not before it needs them', () => {
    let times = 0
    const moreSeeds = (): Contact[] => {
      times++
      return contacts(3)
    }
    const lookup = lookupOf([1], { moreSeeds })
    ask(lookup)
    expect(times).to.equal(0)
    answer(lookup, 1)
    expect(ask(lookup)).to.deep.equal([3])
    lookup.onFailure(tinyKey(3))
    expect(show(lookup)).to.equal('exhausted: 1')
    expect(times).to.equal(1)
  })

  it('asks no more seeds when nobody answered: the link is dead, and the others need not be lost for it', () => {
    const lookup = lookupOf([1, 2], { moreSeeds: () => contacts(8) })
    ask(lookup)
    lookup.onFailure(tinyKey(1))
    lookup.onFailure(tinyKey(2))
    expect(show(lookup)).to.equal('exhausted:')
  })

  it('is exhausted at once when there is nobody to ask', () => {
    expect(show(lookupOf([]))).to.equal('exhausted:')
  })

  it('does not wait for those who are no longer among the k closest', () => {
    const lookup = lookupOf([7, 8], { k: 2 })
    ask(lookup)
    answer(lookup, 8, 1, 2)
    expect(ask(lookup)).to.deep.equal([1])
    answer(lookup, 1)
    expect(ask(lookup)).to.deep.equal([2])
    answer(lookup, 2)

    expect(show(lookup)).to.equal('converged: 1 2')
    expect(states(lookup)).to.equal('1 answered, 2 answered, 7 asked, 8 answered')
  })

  it('stops where it is told to, with what there is', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup)
    answer(lookup, 2)
    lookup.stop()

    expect(show(lookup)).to.equal('stopped: 2')
  })

  it('changes nothing any more once it is done', () => {
    const lookup = lookupOf([7, 8], { k: 1 })
    expect(ask(lookup)).to.deep.equal([7])
    answer(lookup, 7)
    expect(show(lookup)).to.equal('converged: 7')

    answer(lookup, 7, 1)
    lookup.stop()
    expect(show(lookup)).to.equal('converged: 7')

    const stopped = lookupOf([7])
    ask(stopped)
    stopped.stop()
    answer(stopped, 7, 1)
    stopped.onFailure(tinyKey(7))
    expect(show(stopped)).to.equal('stopped:')
    expect(states(stopped)).to.equal('7 asked')
  })
})

describe('Lookup: slow peers', () => {
  it('waits until the next asked one becomes slow, if another could be asked then', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup, 100)

    expect(show(lookup, 105)).to.equal('wait until 110')
    expect(show(lookup, 109.9)).to.equal('wait until 110')
  })

  it('asks another beside a slow one', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup, 100)

    expect(show(lookup, 110)).to.equal('ask 3')
    expect(states(lookup)).to.equal('1 slow, 2 slow, 3 asked')
  })

  it('takes each peer by its own measure', () => {
    const lookup = lookupOf([1, 2, 3], { slowAfter: contact => contact.key[0] === 2 ? 5 : 50 })
    ask(lookup, 100)

    expect(show(lookup, 100)).to.equal('wait until 105')
    expect(ask(lookup, 105)).to.deep.equal([3])
    expect(states(lookup)).to.equal('1 asked, 2 slow, 3 asked')
  })

  it('waits without end when nobody is left to be asked beside a slow one', () => {
    const lookup = lookupOf([1, 2])
    ask(lookup, 100)

    expect(show(lookup, 105)).to.equal('wait until Infinity')
    expect(show(lookup, 1_000)).to.equal('wait until Infinity')
  })

  it('is not done without a slow one among the k closest', () => {
    const lookup = lookupOf([1, 2, 3, 4])
    ask(lookup, 0)
    expect(ask(lookup, 10)).to.deep.equal([3])
    answer(lookup, 2)
    answer(lookup, 3)
    expect(show(lookup, 20)).to.equal('wait until Infinity')

    answer(lookup, 1, 0)
    expect(ask(lookup, 21)).to.deep.equal([0])
    answer(lookup, 0)
    expect(show(lookup, 22)).to.equal('converged: 0 1 2')
  })

  it('gives up a slow one that fails', () => {
    const lookup = lookupOf([1, 2, 3, 4])
    ask(lookup, 0)
    ask(lookup, 10)
    lookup.onFailure(tinyKey(1))
    answer(lookup, 2)
    answer(lookup, 3)

    expect(ask(lookup, 20)).to.deep.equal([4])
    answer(lookup, 4)
    expect(show(lookup, 21)).to.equal('converged: 2 3 4')
  })
})

describe('Lookup: late peers', () => {
  it('passes over one that is late, and frees its slot', () => {
    const lookup = lookupOf([1, 2, 3, 4])
    ask(lookup)
    lookup.onLate(tinyKey(1))
    answer(lookup, 2)

    expect(ask(lookup)).to.deep.equal([3, 4])
    answer(lookup, 3)
    answer(lookup, 4)
    expect(states(lookup)).to.equal('1 late, 2 answered, 3 answered, 4 answered')
    expect(lookup.failed).to.equal(1)
    expect(show(lookup)).to.equal('converged: 2 3 4')
  })

  it('counts its answer if that comes before the end', () => {
    const lookup = lookupOf([2, 3, 4])
    ask(lookup)
    lookup.onLate(tinyKey(2))
    answer(lookup, 3)
    expect(show(lookup)).to.equal('ask 4')
    answer(lookup, 2, 1)
    answer(lookup, 4)

    expect(lookup.failed).to.equal(0)
    expect(ask(lookup)).to.deep.equal([1])
    answer(lookup, 1)
    expect(show(lookup)).to.equal('converged: 1 2 3')
  })

  it('takes one for late that was slow, and none that answered or failed', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup)
    ask(lookup, 10)
    answer(lookup, 2)
    lookup.onFailure(tinyKey(3))
    for (const peer of [1, 1, 2, 3, 9]) {
      lookup.onLate(tinyKey(peer))
    }
    expect(states(lookup)).to.equal('1 late, 2 answered, 3 failed')
    expect(lookup.failed).to.equal(2)
    lookup.onFailure(tinyKey(1))
    expect(states(lookup)).to.equal('1 failed, 2 answered, 3 failed')
    expect(lookup.failed).to.equal(2)
  })

  it('waits for all if far more are late than have answered: not all can be slow but ourselves', () => {
    const lookup = lookupOf([2, 3, 4, 5, 6, 7], { k: 6, alpha: 6 })
    ask(lookup)
    for (const peer of [2, 3, 4, 5, 6]) {
      lookup.onLate(tinyKey(peer))
    }
    expect(show(lookup), '7 may be in time').to.equal('wait until Infinity')
    answer(lookup, 7)
    expect(show(lookup)).to.equal('wait until Infinity')
    expect(lookup.failed).to.equal(0)
    answer(lookup, 3)
    answer(lookup, 2, 1)
    expect(ask(lookup)).to.deep.equal([1])
    lookup.onLate(tinyKey(1))
    answer(lookup, 4)
    lookup.onFailure(tinyKey(5))
    answer(lookup, 6)
    expect(show(lookup), '1, too').to.equal('wait until Infinity')
    answer(lookup, 1)
    expect(show(lookup)).to.equal('converged: 1 2 3 4 6 7')
    expect(lookup.failed).to.equal(1)
  })

  it('waits if nobody has answered, however few are late', () => {
    const lookup = lookupOf([1, 2])
    ask(lookup)
    lookup.onFailure(tinyKey(1))
    lookup.onLate(tinyKey(2))
    expect(show(lookup)).to.equal('wait until Infinity')
    answer(lookup, 2)
    expect(show(lookup)).to.equal('exhausted: 2')
  })

  it('does not if a few are', () => {
    const lookup = lookupOf([1, 2, 3], { alpha: 3 })
    ask(lookup)
    lookup.onLate(tinyKey(1))
    lookup.onLate(tinyKey(2))
    answer(lookup, 3)
    expect(show(lookup)).to.equal('exhausted: 3')
    expect(lookup.failed).to.equal(2)
  })

  it('is exhausted when those fail, too', () => {
    const lookup = lookupOf([1])
    ask(lookup)
    lookup.onLate(tinyKey(1))
    lookup.onFailure(tinyKey(1))
    expect(show(lookup)).to.equal('exhausted:')
  })
})

describe('Lookup: paths', () => {
  const paths = (lookup: Lookup): number[][] => lookup.candidates.map(({ contact, path }) => [contact.key[0], path])

  it('deals the seeds round robin, closest first', () => {
    expect(paths(lookupOf([9, 3, 5, 7], { paths: 2 }))).to.deep.equal([[3, 0], [5, 1], [7, 0], [9, 1]])
    expect(paths(lookupOf([9, 3, 5, 7]))).to.deep.equal([[3, 0], [5, 0], [7, 0], [9, 0]])
  })

  it('deals seeds that come later together with those before', () => {
    const lookup = lookupOf([9, 5], { paths: 2 })
    lookup.addSeeds(contacts(7, 3, 5))
    expect(paths(lookup)).to.deep.equal([[3, 0], [5, 1], [7, 0], [9, 1]])
    expect(ask(lookup)).to.deep.equal([3, 5])
  })

  it('asks no seed that comes when it is stopped', () => {
    const lookup = lookupOf([])
    lookup.stop()
    lookup.addSeeds(contacts(1))
    expect(show(lookup)).to.equal('stopped:')
  })

  it('puts each peer on the path of who named it first', () => {
    const lookup = lookupOf([8, 9], { paths: 2 })
    ask(lookup)
    answer(lookup, 9, 2, 8)
    answer(lookup, 8, 1, 2, 9)

    expect(paths(lookup)).to.deep.equal([[1, 0], [2, 1], [8, 0], [9, 1]])
  })

  it('leaves a slot to a path that has a candidate in reach, though another path has closer ones', () => {
    const free = (count: number): number[] => {
      const lookup = lookupOf([8, 9], { paths: count, k: 5 })
      expect(ask(lookup)).to.deep.equal([8, 9])
      answer(lookup, 8, 1, 2, 3)
      expect(ask(lookup)).to.deep.equal([1])
      answer(lookup, 9, 4)
      return ask(lookup)
    }

    expect(free(1)).to.deep.equal([2])
    expect(free(2)).to.deep.equal([4])
  })

  it('leaves no slot idle when no other path has a candidate in reach', () => {
    const lookup = lookupOf([8, 9], { paths: 2 })
    ask(lookup)
    answer(lookup, 8, 1, 2, 3)
    // of the other path, but farther than the three closest
    answer(lookup, 9, 10)

    expect(ask(lookup)).to.deep.equal([1, 2])
  })

  it('gives each path alpha / paths slots, rounded down, and more only of those nobody else can use', () => {
    const lookup = lookupOf([20, 21], { paths: 2, alpha: 5, k: 10 })
    ask(lookup)
    answer(lookup, 20, 1, 2, 3, 4, 5)
    expect(ask(lookup)).to.deep.equal([1, 2, 3, 4])

    answer(lookup, 21, 6, 7, 8)
    expect(ask(lookup)).to.deep.equal([6])
    answer(lookup, 1)
    expect(ask(lookup)).to.deep.equal([7])
    answer(lookup, 2)
    expect(ask(lookup)).to.deep.equal([5])
  })

  it('gives each path one slot when there are more paths than slots', () => {
    const lookup = lookupOf([7, 8, 9], { paths: 3, k: 5 })
    expect(ask(lookup)).to.deep.equal([7, 8])
    answer(lookup, 7, 1, 2)

    expect(ask(lookup)).to.deep.equal([1])
    answer(lookup, 8)
    expect(ask(lookup)).to.deep.equal([9])
  })

  it('lets nobody slow keep the next out of reach, unless there is one path; the end waits for them all the same', () => {
    const [one, two] = [1, 2].map(paths => lookupOf([1, 2, 3, 4], { paths, alpha: 3 }))
    for (const lookup of [one, two]) {
      expect(ask(lookup)).to.deep.equal([1, 2, 3])
    }

    expect(show(one)).to.equal('wait until Infinity')
    expect(show(one, 10)).to.equal('wait until Infinity')
    expect(show(two)).to.equal('wait until 10')
    expect(show(two, 10)).to.equal('ask 4')

    answer(two, 4)
    expect(show(two, 11)).to.equal('wait until Infinity')
    for (const byte of [1, 2, 3]) {
      answer(two, byte)
    }
    expect(show(two, 12)).to.equal('converged: 1 2 3')
  })
})

describe('Lookup: peers that are elsewhere', () => {
  const ELSEWHERE = [Uint8Array.of(1)]

  it('are asked there if they failed or are late, each time counted as failed', () => {
    const lookup = lookupOf([1, 2, 3], { alpha: 3 })
    ask(lookup)
    lookup.onFailure(tinyKey(1))
    lookup.onLate(tinyKey(2))
    const contacts = [1, 2].map(byte => tinyContact(byte, ELSEWHERE))
    const before = lookup.candidates.slice(0, 2).map(({ contact }) => contact)
    expect(contacts.map(contact => lookup.retry(contact))).to.deep.equal(before)
    expect(states(lookup)).to.equal('1 heard, 2 heard, 3 asked')
    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([3, 0, 2])
    expect(lookup.next(1)).to.deep.equal({ type: 'ask', contact: contacts[0] })
    expect(ask(lookup, 1)).to.deep.equal([2])
    for (const byte of [1, 2, 3]) {
      answer(lookup, byte)
    }
    expect(lookup.next(2)).to.deep.equal({ type: 'done', reason: 'converged', closest: [...contacts, tinyContact(3)] })
    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([5, 3, 2])
  })

  it('are not if they may answer yet, have answered, or were never asked; nor is anybody else', () => {
    const lookup = lookupOf([1, 2, 3, 4, 5], { k: 4, alpha: 4 })
    ask(lookup)
    answer(lookup, 1)
    ask(lookup, 10)
    lookup.onFailure(tinyKey(4))
    const all = states(lookup)
    expect(all).to.equal('1 answered, 2 slow, 3 slow, 4 failed, 5 heard')
    for (const byte of [1, 2, 3, 5, 9]) {
      expect(lookup.retry(tinyContact(byte, ELSEWHERE)), `${byte}`).to.equal(undefined)
    }
    expect(states(lookup)).to.equal(all)
    lookup.stop()
    expect(lookup.retry(tinyContact(4, ELSEWHERE)), 'it is over').to.equal(undefined)
  })

  it('need not be asked there if they answer after all before', () => {
    const lookup = lookupOf([1, 2, 3, 4, 5], { k: 5 })
    ask(lookup)
    lookup.onLate(tinyKey(2))
    expect(ask(lookup)).to.deep.equal([3])
    lookup.retry(tinyContact(2, ELSEWHERE))
    answer(lookup, 4)
    answer(lookup, 2, 6)
    expect(states(lookup)).to.equal('1 asked, 2 answered, 3 asked, 4 heard, 5 heard, 6 heard')
    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([3, 1, 0])
    answer(lookup, 3)
    expect(ask(lookup)).to.deep.equal([4])
  })

  it('are late no more: they do not count when it is to be told whether our own link is slow', () => {
    const lookup = lookupOf([1, 2, 3, 4], { k: 4, alpha: 4 })
    ask(lookup)
    for (const byte of [1, 2, 3]) {
      lookup.onLate(tinyKey(byte))
    }
    lookup.retry(tinyContact(1, ELSEWHERE))
    expect(ask(lookup)).to.deep.equal([1])
    lookup.onFailure(tinyKey(1))
    answer(lookup, 4)
    expect(show(lookup), 'two are late, one has answered').to.equal('exhausted: 4')
    expect(lookup.failed).to.equal(4)

    const other = lookupOf([1, 2])
    ask(other)
    other.onFailure(tinyKey(1))
    other.retry(tinyContact(1, ELSEWHERE))
    other.onLate(tinyKey(2))
    ask(other)
    other.onFailure(tinyKey(1))
    expect(show(other), 'one is late, none has answered').to.equal('wait until Infinity')
  })
})

describe('Lookup: hostile and late answers', () => {
  it('ignores an answer of somebody it did not ask', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup)
    answer(lookup, 3, 0)
    answer(lookup, 99, 0)
    lookup.onFailure(tinyKey(3))

    expect(ask(lookup), 'no slot is free').to.deep.equal([])
    expect(states(lookup)).to.equal('1 asked, 2 asked, 3 heard')
  })

  it('ignores a second answer', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup)
    answer(lookup, 1)
    answer(lookup, 1, 0)
    lookup.onFailure(tinyKey(1))

    expect(states(lookup)).to.equal('1 answered, 2 asked, 3 heard')
    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([2, 1, 0])
  })

  it('ignores an answer after the failure', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup)
    lookup.onFailure(tinyKey(1))
    lookup.onFailure(tinyKey(1))
    answer(lookup, 1, 0)

    expect(states(lookup)).to.equal('1 failed, 2 asked, 3 heard')
    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([2, 0, 1])
  })

  it('gains nothing from a peer that names itself, ourselves, the known, the failed', () => {
    const lookup = lookupOf([1, 2, 3], { self: tinyKey(4) })
    ask(lookup)
    lookup.onFailure(tinyKey(1))
    answer(lookup, 2, 2, 4, 3, 3, 1)

    expect(states(lookup)).to.equal('1 failed, 2 answered, 3 heard')
  })

  it('asks nobody because of peers farther than the k closest', () => {
    const lookup = lookupOf([1, 2, 3], { alpha: 3 })
    ask(lookup)
    answer(lookup, 1, 100, 101, 102)
    answer(lookup, 2, 103)
    answer(lookup, 3)

    expect(show(lookup)).to.equal('converged: 1 2 3')
    expect(lookup.asked).to.equal(3)
  })

  it('takes 40 peers of an answer of 1,000, and reads no further', () => {
    let read = 0
    function * endless (): Generator<Contact> {
      for (;;) {
        read++
        yield tinyContact(read % 256)
      }
    }
    const lookup = lookupOf([255])
    ask(lookup)
    lookup.onResponse(tinyKey(255), endless())

    expect(lookup.candidates).to.have.lengthOf(MAX_CLOSER_PEERS + 1)
    expect(read).to.be.at.most(MAX_CLOSER_PEERS + 1)
  })

  it('keeps no more candidates than its limit, and sends no more requests, whoever is named', () => {
    const k = 1
    const lookup = lookupOf([255], { k })
    let named = 254
    let step = lookup.next(0)
    for (; step.type === 'ask'; step = lookup.next(0)) {
      // each names closer ones, and one in two of these fails
      if (step.contact.key[0] % 2 === 0) {
        lookup.onFailure(step.contact.key)
        continue
      }
      answer(lookup, step.contact.key[0], named, named - 1)
      named -= 2
      expect(lookup.candidates.length).to.be.at.most(MAX_CANDIDATES_PER_K * k)
    }

    expect(step.type).to.equal('done')
    expect(lookup.asked).to.equal(MAX_CANDIDATES_PER_K * k)
  })

  it('keeps whom an honest peer named, however many closer ones others make up', () => {
    const lookup = lookupOf([200, 201, 202], { alpha: 3 })
    const madeUp = Array.from({ length: 80 }, (_, i) => i + 1)
    ask(lookup)
    answer(lookup, 200, 100, 101, 102)
    answer(lookup, 201, ...madeUp.slice(0, 40))
    answer(lookup, 202, ...madeUp.slice(40))
    for (let asked = ask(lookup); asked.length > 0; asked = ask(lookup)) {
      asked.forEach(byte => { byte < 100 ? lookup.onFailure(tinyKey(byte)) : answer(lookup, byte) })
    }

    expect(show(lookup)).to.equal('converged: 100 101 102')
  })
})

describe('Lookup: statistics', () => {
  it('counts hops: a seed is one away, whom it names is two', () => {
    const lookup = lookupOf([9, 8])
    expect(lookup.hops).to.equal(0)

    ask(lookup)
    answer(lookup, 9, 4)
    expect(lookup.hops).to.equal(1)
    ask(lookup)
    answer(lookup, 4, 2, 8)
    ask(lookup)
    answer(lookup, 2)

    expect(lookup.candidates.map(({ contact, hop }) => [contact.key[0], hop])).to.deep.equal([[2, 3], [4, 2], [8, 1], [9, 1]])
    expect(lookup.hops).to.equal(3)
    expect(numbers(lookup.closest)).to.deep.equal([2, 4, 9])
  })

  it('keeps the hop count of who named a peer first', () => {
    const lookup = lookupOf([9, 8])
    ask(lookup)
    answer(lookup, 9, 4)
    ask(lookup)
    answer(lookup, 4, 3)
    answer(lookup, 8, 3)

    expect(lookup.candidates.map(({ contact, hop }) => [contact.key[0], hop])).to.deep.include([3, 3])
  })

  it('counts who was asked, who answered and who failed', () => {
    const lookup = lookupOf([1, 2, 3])
    ask(lookup)
    answer(lookup, 1)
    lookup.onFailure(tinyKey(2))
    ask(lookup)

    expect([lookup.asked, lookup.answered, lookup.failed]).to.deep.equal([3, 1, 1])
  })

  it('looks for 20 with 10 in flight unless told otherwise', () => {
    const seeds = contacts(...Array.from({ length: 30 }, (_, i) => i + 1))
    const lookup = new Lookup({ target: tinyKey(0), seeds, slowAfter: () => 10 })
    let step = lookup.next(0)
    for (; step.type !== 'done'; step = lookup.next(0)) {
      if (step.type === 'ask') {
        continue
      }
      expect(lookup.asked - lookup.answered).to.be.at.most(10)
      const asked = lookup.candidates.find(candidate => candidate.state === 'asked')
      expect(asked).to.not.equal(undefined)
      answer(lookup, asked?.contact.key[0] ?? 0)
    }

    expect(step.closest).to.have.lengthOf(20)
    expect(lookup.asked).to.equal(20)
  })
})
