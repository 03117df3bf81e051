import { SeededRandom } from '../routing/seeded-random.ts'
import { idOf, multihashOf } from '../store/fixtures.ts'
import type { DataDir } from '../../src/data-dir/data-dir.ts'

/** Things of each kind, so that each is written again and again. */
const SLOTS = { value: 400, provider: 300, publication: 100, contacts: 1 } as const

type Kind = keyof typeof SLOTS

/** Each as often as it is in here. */
const KINDS = [...Array<Kind>(12).fill('value'), ...Array<Kind>(5).fill('provider'), ...Array<Kind>(3).fill('publication'), 'contacts'] as const

/** Values in 100 of so many bytes that one fills a good part of LevelDB's buffer. */
const LARGE_VALUE_BYTES = 100_000
const VALUE_BYTES = 4_000

/** Whose folder it is. */
export const SELF = idOf(0)

/** Longer than any test: milliseconds of some 100 years. */
const LIFE_MS = 876_000 * 3_600_000
const BEGIN_MS = 1_700_000_000_000

/** A write that its number and the seed decide. */
export interface Operation {
  readonly number: number
  /** What it writes to; others of the same name undo or replace it. */
  readonly slot: string
  readonly kind: Kind
  readonly index: number
  /** Does it delete? */
  readonly deletes: boolean
}

export function operationOf (seed: number, number: number): Operation {
  const random = randomOf(seed, number)
  const kind = KINDS[random.below(KINDS.length)]
  const index = random.below(SLOTS[kind])
  return { number, kind, index, slot: `${kind} ${index}`, deletes: kind !== 'contacts' && random.below(5) === 0 }
}

/** Resolves when the write is acknowledged. */
export async function perform (dir: DataDir, seed: number, { number, kind, index, deletes }: Operation): Promise<void> {
  const key = keyOf(index)
  switch (kind) {
    case 'value':
      return deletes ? dir.values.delete(key) : dir.values.put({ key, value: bytesOf(seed, number), timeReceived: BEGIN_MS + number, expires: expiresOf(number) })
    case 'provider':
      return deletes ? dir.providers.remove(multihashOf(index), providerOf(index)) : dir.providers.add(multihashOf(index), { id: providerOf(index), addrs: [] })
    case 'publication':
      return deletes ? dir.publications.delete(key) : dir.publications.put({ key, value: bytesOf(seed, number), published: BEGIN_MS + number, life: LIFE_MS })
    default:
      return dir.contacts.save([{ id: idOf(number), addrs: [] }])
  }
}

/** Is what is there now exactly what this operation left? */
export async function isResultOf (dir: DataDir, seed: number, { number, kind, index, deletes }: Operation): Promise<boolean> {
  const key = keyOf(index)
  switch (kind) {
    case 'value': {
      const row = await dir.values.get(key)
      return row == null || deletes ? row == null && deletes : equal(row.value, bytesOf(seed, number)) && equal(row.key, key) && row.timeReceived === BEGIN_MS + number && row.expires === expiresOf(number)
    }
    case 'provider': {
      const there = (await dir.providers.get(multihashOf(index))).some(({ id }) => equal(id, providerOf(index)))
      return there !== deletes
    }
    case 'publication': {
      const row = await dir.publications.get(key)
      return row == null || deletes ? row == null && deletes : equal(row.value, bytesOf(seed, number)) && equal(row.key, key) && row.published === BEGIN_MS + number && row.life === LIFE_MS
    }
    default: {
      const [contact, ...more] = await dir.contacts.load()
      return contact != null && equal(contact.id, idOf(number)) && more.length === 0
    }
  }
}

/** Is nothing there? */
export async function isEmpty (dir: DataDir, { kind, index }: Operation): Promise<boolean> {
  switch (kind) {
    case 'value': return await dir.values.get(keyOf(index)) == null
    case 'provider': return (await dir.providers.get(multihashOf(index))).length === 0
    case 'publication': return await dir.publications.get(keyOf(index)) == null
    default: return (await dir.contacts.load()).length === 0
  }
}

function keyOf (index: number): Uint8Array {
  return new TextEncoder().encode(`/kv/${index}`)
}

/** Every fifth of us. */
function providerOf (index: number): Uint8Array {
  return idOf(index % 5)
}

/** Some live as long as a store's rows do that do not tell. */
function expiresOf (number: number): number {
  return BEGIN_MS + number + LIFE_MS + number % 3
}

function bytesOf (seed: number, number: number): Uint8Array {
  const random = randomOf(seed, number)
  const length = random.below(100) === 0 ? LARGE_VALUE_BYTES : random.below(VALUE_BYTES)
  const some = random.bytes(16)
  return new Uint8Array(length).map((_, at) => some[at % 16] + at)
}

function randomOf (seed: number, number: number): SeededRandom {
  return new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b))
}

function equal (a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
