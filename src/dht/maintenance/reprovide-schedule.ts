import type { ReprovideOptions } from './reprovide.ts'
import type { Key } from '../../keyspace/key.ts'

// Each key has a slot in a cycle that repeats for ever: where it lies in the keyspace, seen from us, is when its turn
// comes. Hashes lie evenly, so the sends do; neighbours have neighbouring slots, so they share lookups; and as the
// cycle is that of the clock, nothing need be saved to go on with it after a restart.
//
//   ├──────── cycle ────────┼──────── cycle ────────┤
//       ▲ slot                  ▲ slot
//   ──┼───┼───┼───┼───┼───┼───┼───┼───┼───┼───┼───┼──  looks
//           ▲ sent                  ▲ sent
//
// With V the validity, T the threshold and I the interval between looks, a record is to be sent before it is V − T old.
// So the cycle is V − T − I − grace long, grace being what a record may be old at its slot and yet wait for the one
// after: a record sent at time t has a slot in [t + grace, t + grace + cycle], hence a look in
// [t + grace, t + V − T]. It always has T left, less what a round takes until its turn comes.
//
// If that leaves no cycle, every look sends whatever would be too old at the next.

/** Of the longest that may lie between two sends: the part of it that a record may be old at its slot, and yet wait for the next. */
const GRACE = 1 / 24

/** Bytes of a key that tell where it lies: as many as a number holds exactly. */
const PLACE_BYTES = 6

/** Where `key` lies as seen from `self`: 0 here, just below 1 at the far end of the keyspace. */
export function placeOf (key: Key, self: Key): number {
  let place = 0
  for (let i = Math.min(PLACE_BYTES, key.byteLength) - 1; i >= 0; i--) {
    place = (place + (key[i] ^ self[i])) / 256
  }
  return place
}

/**
 * When a record that was sent at `sent` is to be sent again: at the first look from then
 * on. In milliseconds since the Unix epoch, as `sent`.
 */
export function dueAt (place: number, sent: number, { validity, threshold, interval }: Required<ReprovideOptions>): number {
  const longest = validity - threshold
  const grace = Math.min(interval, longest * GRACE)
  const cycle = longest - interval - grace
  if (cycle <= 0) {
    return sent + longest - interval
  }
  const slot = place * cycle
  return slot + cycle * Math.ceil((sent + grace - slot) / cycle)
}

/** A record that was sent then is due at `now`, wherever it lies: whole milliseconds since the Unix epoch. */
export function dueSince (now: number, { validity, threshold, interval }: Required<ReprovideOptions>): number {
  return Math.floor(now - Math.max(0, validity - threshold - interval))
}
