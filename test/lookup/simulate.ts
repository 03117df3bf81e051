import { expect } from 'aegir/chai'
import { bytesToMapKey } from '../../src/keyspace/key.ts'
import type { Contact } from '../../src/keyspace/contact.ts'
import type { Lookup, LookupStep } from '../../src/lookup/lookup.ts'

/** What comes of a request: whom the peer names, or that it fails, `after` so many ms. */
export interface Outcome {
  after: number
  closer: readonly Contact[] | 'failure'
}

export interface Simulation {
  done: Extract<LookupStep, { type: 'done' }>
  /** Whom the lookup asked about the target, in that order. */
  asked: Contact[]
  /** Whom it asked about whom else. */
  askedAgain: Array<{ contact: Contact, about: Contact }>
  /** All that was named to it in time: by its seeds, and by those who answered before it was done. */
  named: Contact[]
  /** How many requests were in flight at once, slow ones not counted. */
  mostInFlight: number
  /** When each peer answered, by its key as {@link keys} has it: ms after the lookup began. */
  answeredAt: ReadonlyMap<string, number>
  /** When it was done: ms after it began. */
  took: number
}

interface Flight {
  contact: Contact
  askedAt: number
  endsAt: number
  closer: readonly Contact[] | 'failure'
}

interface Answer extends Flight {
  closer: readonly Contact[]
}

/** Requests that a lookup of `peers` known peers may at most send, with room: beyond it, it does not end. */
const MOST_STEPS = 100_000

/** Runs a lookup to its end in virtual time: the engine's loop, without an engine. */
export function simulate (lookup: Lookup, slowAfter: number, ask: (contact: Contact, about?: Contact) => Outcome): Simulation {
  const named = lookup.candidates.map(candidate => candidate.contact)
  const asked: Contact[] = []
  const askedAgain: Simulation['askedAgain'] = []
  const answeredAt = new Map<string, number>()
  let flights: Flight[] = []
  let mostInFlight = 0
  let now = 0
  for (let i = 0; i < MOST_STEPS; i++) {
    const step = lookup.next(now)
    if (step.type === 'done') {
      return { done: step, asked, askedAgain, named, mostInFlight, answeredAt, took: now }
    }
    if (step.type === 'ask') {
      const { contact, about } = step
      const { after, closer } = ask(contact, about)
      if (about == null) {
        asked.push(contact)
      } else {
        askedAgain.push({ contact, about })
      }
      flights.push({ contact, askedAt: now, endsAt: now + after, closer })
      const askedAt = now
      mostInFlight = Math.max(mostInFlight, flights.filter(flight => askedAt - flight.askedAt < slowAfter).length)
      continue
    }
    const next = Math.min(step.until, ...flights.map(flight => flight.endsAt))
    expect(next, 'what a waiting lookup waits for').to.be.within(now, Number.MAX_SAFE_INTEGER)
    now = next
    for (const flight of flights.filter(flight => flight.endsAt <= next)) {
      if (land(lookup, flight)) {
        named.push(...flight.closer)
        answeredAt.set(bytesToMapKey(flight.contact.key), next)
      }
    }
    flights = flights.filter(flight => flight.endsAt > next)
  }
  return expect.fail(`still asking after ${MOST_STEPS} steps`)
}

/** Tell the lookup what came of a request: an answer? */
function land (lookup: Lookup, flight: Flight): flight is Answer {
  if (flight.closer === 'failure') {
    lookup.onFailure(flight.contact.key)
    return false
  }
  lookup.onResponse(flight.contact.key, flight.closer)
  return true
}

/** The keys of these contacts, fit to be compared. */
export function keys (contacts: readonly Contact[]): string[] {
  return contacts.map(contact => bytesToMapKey(contact.key))
}
