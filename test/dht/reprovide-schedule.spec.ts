import { expect } from 'aegir/chai'
import { dueAt, dueSince, placeOf } from '../../src/dht/maintenance/reprovide-schedule.ts'
import { compareDistance } from '../../src/keyspace/distance.ts'
import { keyFromBytes } from '../../src/keyspace/key.ts'
import fc from '../helpers/fast-check.ts'
import { SeededRandom } from '../routing/seeded-random.ts'

const HOUR_MS = 3_600_000
const NOW = 1_700_000_000_000

function options (init: { validity?: number, threshold?: number, interval?: number } = {}): Parameters<typeof dueAt>[2] {
  return { validity: 48 * HOUR_MS, threshold: 24 * HOUR_MS, interval: HOUR_MS, concurrency: 10, maxQueueSize: 16_384, ...init }
}

describe('the schedule of reproviding', () => {
  it('orders keys as they lie from us', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(keyFromBytes)
    fc.assert(fc.property(key, key, key, (self, a, b) => {
      const [near, far] = compareDistance(self, a, b) <= 0 ? [a, b] : [b, a]
      expect(placeOf(near, self)).to.be.at.most(placeOf(far, self))
      expect(placeOf(far, self)).to.be.below(1)
    }), { seed: 1 })
    const zero = keyFromBytes(new Uint8Array(32))
    expect(placeOf(zero, zero)).to.equal(0)
    expect(placeOf(keyFromBytes(Uint8Array.of(0x80, ...new Uint8Array(31))), zero)).to.equal(0.5)
    expect(placeOf(keyFromBytes(Uint8Array.of(0x80, ...new Uint8Array(31))), keyFromBytes(Uint8Array.of(0xc0, ...new Uint8Array(31))))).to.equal(0.25)
  })

  it('sends each record before it is older than validity less threshold, whenever it was sent first and whenever we look', () => {
    const whole = fc.integer({ min: 1, max: 1000 })
    fc.assert(fc.property(whole, whole, fc.integer({ min: 10, max: 1000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(5000), fc.nat(0xffffffff), (validity, threshold, interval, place, first, seed) => {
      const random = new SeededRandom(seed)
      const longest = Math.max(validity - threshold, interval)
      let sent = NOW + first
      for (let now = sent; now < NOW + 10_000; now += 1 + random.below(interval)) {
        expect(now - sent).to.be.at.most(longest)
        if (dueAt(place, sent, options({ validity, threshold, interval })) <= now) {
          sent = now
        }
      }
    }), { seed: 2, numRuns: 300 })
  })

  it('has what is said to be due at once', () => {
    const hours = fc.integer({ min: 1, max: 100 }).map(hours => hours * HOUR_MS)
    fc.assert(fc.property(hours, hours, hours, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (validity, threshold, interval, place) => {
      const since = dueSince(NOW, options({ validity, threshold, interval }))
      expect(since).to.be.within(NOW - Math.max(0, validity - threshold), NOW)
      expect(dueAt(place, since, options({ validity, threshold, interval }))).to.be.at.most(NOW)
    }), { seed: 4 })
  })

  it('sends a record once in a cycle of 22 h by default, and not within the hour', () => {
    for (let place = 0; place < 1; place += 0.05) {
      for (let age = 0; age < 48; age += 0.5) {
        const sent = NOW + age * HOUR_MS
        const due = dueAt(place, sent, options())
        expect(due - sent).to.be.within(HOUR_MS, 23 * HOUR_MS)
        expect(dueAt(place, due, options()) - due, 'from slot to slot').to.be.closeTo(22 * HOUR_MS, 1)
        expect(dueAt(place, due + 0.9 * HOUR_MS, options()) - due, 'sent a little late').to.be.closeTo(22 * HOUR_MS, 1)
      }
    }
  })

  it('spreads records that were provided in one go evenly, from the first cycle on', () => {
    const random = new SeededRandom(3)
    const records = Array.from({ length: 5000 }, () => ({ place: random.below(2 ** 31) / 2 ** 31, sent: NOW }))
    for (let hour = 1; hour <= 66; hour++) {
      const now = NOW + hour * HOUR_MS
      const due = records.filter(({ place, sent }) => dueAt(place, sent, options()) <= now)
      due.forEach(record => { record.sent = now })
      expect(due.length, `hour ${hour}`).to.be.within(hour === 1 ? 0 : 0.7 * 5000 / 22, 1.3 * 5000 / 22)
    }
  })

  it('sends everything at each look when the time between looks leaves no cycle', () => {
    for (const init of [{ threshold: 48 * HOUR_MS }, { threshold: 100 * HOUR_MS }, { interval: 24 * HOUR_MS }, { interval: 30 * HOUR_MS }]) {
      for (const place of [0, 0.3, 0.999]) {
        expect(dueAt(place, NOW, options(init)), JSON.stringify(init)).to.be.at.most(NOW)
      }
    }
    expect(dueAt(0.3, NOW, options({ interval: 23 * HOUR_MS })), 'a cycle of no length').to.equal(NOW + HOUR_MS)
  })
})
