import { abortable, startDeadline } from '../../clock/wait.ts'
import { bytesToMapKey } from '../../keyspace/key.ts'
import { ValueTooLargeError } from '../../record/invalid-record.ts'
import { MAX_SALT_BYTES, mutableKeyOf, parseMutableKey } from '../../record/mutable-key.ts'
import { checkReplaces } from '../../record/mutable-sequence.ts'
import { openMutableValue, sealMutableValue } from '../../record/mutable.ts'
import { InvalidOptionError, ValueNotFoundError } from '../errors.ts'
import { ed25519Key, timeoutOf, whole } from '../option-checks.ts'
import { toBytes } from '../text.ts'
import { forTheRest, tookAll } from '../time-left.ts'
import { get } from './get.ts'
import { putRecord } from './put.ts'
import type { GetOptions, GetResult } from './get.ts'
import type { PutOptions, PutResult } from './put.ts'
import type { MutableVersion } from '../../record/mutable.ts'
import type { DhtContext } from '../context.ts'
import type { OperationOptions } from '../events.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** What may take all the time of a put before it begins. */
const OTHER_PUTS = 'other puts of this value'

/** What to write under a key pair. */
export interface MutablePut extends PutOptions {
  /** What is written: text, as UTF-8, or bytes; at most `maxValueSize`. */
  readonly value: string | Uint8Array
  /** Tells values of one key pair apart: at most 64 bytes. Default: none. */
  readonly salt?: string | Uint8Array | undefined
  /** Compare and swap: the sequence that is to be replaced, 0 for nothing. Default: whatever is found. */
  readonly cas?: number | undefined
}

/** Where a version of a mutable value is. */
export interface MutablePutResult extends PutResult {
  /** Its sequence: one more than that of the version found before, 1 if there was none. */
  readonly sequence: number
}

/** The newest version of a mutable value. */
export interface MutableValue extends GetResult {
  /** Which version it is, from 1: the one with the greatest is the newest. */
  readonly sequence: number
}

/**
 * Find the newest version, sign one on top of it, and put that. Two puts of ours take
 * turns; of two nodes that write at the same time, the greater bytes win: the other learns
 * it from `failed` only of those who had them first. A `timeout` is for all of it.
 */
export async function putMutable (dht: DhtContext, privateKey: Ed25519PrivateKey, { value, salt = '', cas, ...options }: MutablePut): Promise<MutablePutResult> {
  ed25519Key('the private key', privateKey)
  const key = mutableKeyOf(privateKey.publicKey, saltBytes(salt))
  if (cas != null) {
    whole('cas', cas, 0)
  }
  const data = new Uint8Array(toBytes('the value', value)) // a copy: it is sealed once the newest version was found
  const { maxValueSize } = dht.config
  if (data.byteLength > maxValueSize) {
    throw new ValueTooLargeError(`the value has ${data.byteLength} bytes, at most ${maxValueSize} are allowed: split it, or set a larger maxValueSize on every node of the network`)
  }
  const { clock } = dht.config
  const begun = clock.now()
  const ms = timeoutOf(options, Infinity)
  const waiting = startDeadline(clock, ms, () => tookAll(OTHER_PUTS, ms), options.signal)
  const written = dht.sequencing.take(bytesToMapKey(key), async () => {
    waiting.signal.throwIfAborted()
    waiting.clear()
    const kept = await newest(dht, key, forTheRest(options, clock, begun, OTHER_PUTS))
    const next = { sequence: kept == null ? 1 : kept.sequence + 1, data }
    checkReplaces(next, kept, cas)
    const record = { key, value: await sealMutableValue(privateKey, key, next) }
    return { ...await putRecord(dht, record, forTheRest(options, clock, begun, 'to find the newest version')), sequence: next.sequence }
  })
  return abortable(written, waiting.signal).finally(() => { waiting.clear() })
}

/**
 * The newest version of the mutable value at `key`.
 *
 * @throws {InvalidOptionError} `key` is none of a mutable value
 * @throws {ValueNotFoundError} nobody who answered has one
 * @throws {NoPeersError} nobody answered; {TimeoutError}: in time
 */
export async function getMutable (dht: DhtContext, key: string | Uint8Array, options?: GetOptions): Promise<MutableValue> {
  checkMutableKey(dht.values.keyOf(key))
  const found = await get(dht, key, options)
  const { sequence, data } = openMutableValue(found.record.value)
  return { ...found, value: data, sequence }
}

async function newest (dht: DhtContext, key: Uint8Array, options: OperationOptions): Promise<MutableVersion | undefined> {
  try {
    const { value, sequence } = await getMutable(dht, key, options)
    return { data: value, sequence }
  } catch (err) {
    if (err instanceof ValueNotFoundError) {
      return undefined
    }
    throw err
  }
}

function saltBytes (salt: string | Uint8Array): Uint8Array {
  const bytes = toBytes('salt', salt)
  if (bytes.byteLength > MAX_SALT_BYTES) {
    throw new InvalidOptionError(`salt has ${bytes.byteLength} bytes, at most ${MAX_SALT_BYTES} are allowed: put its hash in its place`)
  }
  return bytes
}

function checkMutableKey (key: Uint8Array): void {
  try {
    parseMutableKey(key)
  } catch (cause) {
    throw new InvalidOptionError('the key of a mutable value must be one that mutableKeyOf made: get any other with get', { cause })
  }
}
