import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { immutableKeyOf } from '../../src/record/immutable.ts'
import { mutableKeyOf } from '../../src/record/mutable-key.ts'
import { utf8 } from './protobuf.ts'
import type { Population, Resident } from './population.ts'
import type { PutResult } from '../../src/dht/operations/put.ts'

/** Of ten values, so many are immutable and so many mutable; the others are open. */
const IMMUTABLE_OF_TEN = 3
const MUTABLE_OF_TEN = 1

/** Whoever writes a mutable value has the key pair: its owner, now at this node, now at that. */
const owner = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7))

/** A value, and what is known of its puts. */
export interface KeptValue {
  readonly name: string
  readonly kind: 'open' | 'immutable' | 'mutable'
  /** The record key. */
  readonly key: Uint8Array
  /** The latest version of which a put was acknowledged, 0 if none was; later ones may have been begun. */
  acknowledged: number
  begun: number
  /** When its life is over, if nobody sends it out again: milliseconds since the Unix epoch. */
  expires: number
}

/**
 * What came of a get:
 *
 * - `found`: the latest acknowledged version, or one after it
 * - `rolled-back`: an earlier version
 * - `wrong`: something that was never put
 * - `missed`: nothing, but some node that is there holds it
 * - `gone`: nothing, and no node holds it
 * - `left`: the node that asked left before it knew
 */
export type Retrieval = 'found' | 'rolled-back' | 'wrong' | 'missed' | 'gone' | 'left'

export function makeValue (n: number): KeptValue {
  const name = `value ${n}`
  const kind = kindOf(n % 10)
  return { name, kind, key: keyOf(kind, name), acknowledged: 0, begun: 0, expires: 0 }
}

function kindOf (ofTen: number): KeptValue['kind'] {
  if (ofTen < IMMUTABLE_OF_TEN) {
    return 'immutable'
  }
  return ofTen < IMMUTABLE_OF_TEN + MUTABLE_OF_TEN ? 'mutable' : 'open'
}

function keyOf (kind: KeptValue['kind'], name: string): Uint8Array {
  switch (kind) {
    case 'immutable': return immutableKeyOf(contentOf({ name, kind }, 1))
    case 'mutable': return mutableKeyOf(owner.publicKey, utf8(name))
    default: return utf8(`/kv/${name}`)
  }
}

function contentOf ({ name, kind }: Pick<KeptValue, 'name' | 'kind'>, version: number): Uint8Array {
  return utf8(kind === 'immutable' ? name : `${name} version ${version}`)
}

/** Put the next version of a value, somewhere, for `ttl` milliseconds. */
export async function putNext (population: Population, value: KeptValue, ttl: number): Promise<PutResult | undefined> {
  const { dht } = population.pick()
  const version = ++value.begun
  try {
    const result = await put(dht, value, version, ttl)
    if (result.storedAt.length > 0) {
      value.acknowledged = version
      value.expires = population.clock.now() + ttl
    }
    return result
  } catch {
    return undefined // it left
  }
}

async function put (dht: Resident['dht'], value: KeptValue, version: number, ttl: number): Promise<PutResult> {
  const content = contentOf(value, version)
  switch (value.kind) {
    case 'immutable': return dht.putImmutable(content, { ttl })
    case 'mutable': return dht.putMutable(owner, { salt: value.name, value: content, ttl })
    default: return dht.put(value.key, content, { ttl })
  }
}

/** Get it, at some node: is that what it should be? */
export async function retrieve (population: Population, value: KeptValue): Promise<Retrieval> {
  const asker = population.pick()
  const least = value.kind === 'immutable' ? 1 : value.acknowledged
  try {
    const found = await asker.dht.get(value.key)
    const version = versionOf(value, found.value)
    if (version == null) {
      return 'wrong'
    }
    return version < least ? 'rolled-back' : 'found'
  } catch {
    if (!population.residents.has(asker)) {
      return 'left'
    }
    return (await holdersOf(population, value)).length > 0 ? 'missed' : 'gone'
  }
}

/** Who has the value, or an earlier version of it. */
export async function holdersOf (population: Population, { key }: KeptValue): Promise<Resident[]> {
  const rows = await Promise.all([...population.residents].map(async resident => {
    const row = await resident.dht.internals.store.get(key)
    return row == null ? [] : [resident]
  }))
  return rows.flat()
}

function versionOf (value: KeptValue, content: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(content)
  for (let version = value.begun; version > 0; version--) {
    if (text === new TextDecoder().decode(contentOf(value, version))) {
      return version
    }
  }
  return undefined
}
