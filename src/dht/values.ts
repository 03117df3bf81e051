import { LruCache } from '../cache/lru-cache.ts'
import { abortable } from '../clock/wait.ts'
import { bytesToMapKey } from '../keyspace/key.ts'
import { immutableRecords } from '../record/immutable.ts'
import { InvalidRecordError, ValueTooLargeError } from '../record/invalid-record.ts'
import { isRecordKeyText, parseRecordKey } from '../record/key-text.ts'
import { MUTABLE } from '../record/mutable-key.ts'
import { MAX_MUTABLE_ENVELOPE_BYTES, mutableRecords, openMutableValue } from '../record/mutable.ts'
import { namespaceOf } from '../record/namespace.ts'
import { MAX_CLOCK_AHEAD_MS, MAX_ENVELOPE_BYTES, openRecords, openValue, sealerOf } from '../record/open.ts'
import { publicKeyRecords } from '../record/public-key.ts'
import { kindsOf, Validators } from '../record/validator.ts'
import { asError } from '../rpc/errors.ts'
import { Turns } from '../store/turns.ts'
import { bytesEqual } from '../wire/bytes-equal.ts'
import { InvalidOptionError, OutdatedRecordError } from './errors.ts'
import { toBytes } from './text.ts'
import type { KademliaConfig } from './config.ts'
import type { ValueRecord } from '../record/record.ts'
import type { KindOf, RecordKind } from '../record/validator.ts'
import type { PublicationStore } from '../store/publication-store.ts'
import type { StoredValue, ValueStore } from '../store/value-store.ts'
import type { AbortOptions } from '@libp2p/interface'

/** Bytes of a record key of ours at the most; with it a request stays far below the 64 KiB that peers read. */
const MAX_KEY_BYTES = 4096

/** Keys of which is remembered when we sealed a value last. */
const MAX_SEALED = 1_024

/** Values read from elsewhere than memory of which is remembered that they will stay valid. */
const MAX_LASTING = 1_024

/** The namespace of keys that name none. */
const OPEN = 'kv'
const OPEN_PREFIX = new TextEncoder().encode(`/${OPEN}/`)

export interface ValuesInit {
  readonly config: KademliaConfig
  readonly store: ValueStore
  readonly publications: PublicationStore
  readonly kinds: readonly RecordKind[] | KindOf
  /** Aborted when the node stops. */
  readonly signal?: AbortSignal
  /** The value at a record key is kept until `expires` (milliseconds since the Unix epoch), or was sent to us again. */
  onKept? (key: Uint8Array, expires: number): void
  /** A peer gave us a better value than `listed`, which we keep alive. */
  onOutdone? (listed: ValueRecord): Promise<void>
}

/** @throws {InvalidOptionError} one has a namespace that no key can have, or that of another */
function fixedKinds (kinds: readonly RecordKind[]): KindOf {
  try {
    return kindsOf(kinds)
  } catch (cause) {
    throw new InvalidOptionError(`kinds: ${asError(cause).message}`, { cause })
  }
}

/**
 * What values mean here: between what a user puts and gets and what lies in the
 * store and travels, and which record may replace which.
 */
export class Values {
  /** The largest value of a record, bytes: a user's value and what its envelope adds. */
  readonly maxRecordSize: number
  readonly #config: KademliaConfig
  readonly #store: ValueStore
  readonly #publications: PublicationStore
  readonly #signal: AbortSignal | undefined
  readonly #onKept: ValuesInit['onKept']
  readonly #onOutdone: ValuesInit['onOutdone']
  readonly #validators: Validators
  /** Are the kinds our own, with their envelopes, and do keys that name none lie in the open namespace? */
  readonly #enveloped: boolean
  /** Writes to one key take turns, so that none is undone by an older one. */
  readonly #writes = new Turns()
  /** When the last value at a key was sealed, by `bytesToMapKey`: it may not be kept yet, or only elsewhere. */
  readonly #sealed = new LruCache<number>(MAX_SEALED)
  /** Rows that will stay valid. A store in memory gives the same again. */
  readonly #lasting = new WeakSet<StoredValue>()
  /** The stamps of such rows, by `bytesToMapKey` of their keys: what is read from elsewhere is another each time. */
  readonly #lastingStamps = new LruCache<string>(MAX_LASTING)

  constructor ({ config, store, publications, kinds, signal, onKept, onOutdone }: ValuesInit) {
    this.#config = config
    this.#store = store
    this.#publications = publications
    this.#signal = signal
    this.#onKept = onKept
    this.#onOutdone = onOutdone
    this.#enveloped = typeof kinds !== 'function'
    this.#validators = new Validators(typeof kinds === 'function'
      ? kinds
      : fixedKinds([openRecords(config.maxValueSize), publicKeyRecords, immutableRecords(config.maxValueSize), mutableRecords(config.maxValueSize), ...kinds]))
    this.maxRecordSize = config.maxValueSize + Math.max(MAX_ENVELOPE_BYTES, MAX_MUTABLE_ENVELOPE_BYTES)
  }

  /**
   * The full record key that a user's key stands for, a copy. As text, one that names a kind of ours
   * is read as `parseRecordKey` does; bytes are taken as they are.
   *
   * @throws {InvalidOptionError} it is empty, or too long
   * @throws {InvalidKeyError} it begins like the text of a record key, and is none
   */
  keyOf (name: string | Uint8Array): Uint8Array {
    const bytes = typeof name === 'string' && this.#enveloped && isRecordKeyText(name) ? parseRecordKey(name) : toBytes('the key', name)
    if (bytes.byteLength === 0) {
      throw new InvalidOptionError('the key is empty: give at least one character')
    }
    const key = !this.#enveloped || this.#validators.knows(bytes) ? new Uint8Array(bytes) : concat(OPEN_PREFIX, bytes)
    if (key.byteLength > MAX_KEY_BYTES) {
      throw new InvalidOptionError(`the key has ${key.byteLength} bytes, at most ${MAX_KEY_BYTES} are allowed: put its hash in its place`)
    }
    return key
  }

  /**
   * The record that keeps a user's `value` at a user's `key`, copies of both. Of a namespace that is
   * unknown here nothing is checked: those who are to keep the value know it.
   *
   * @throws {ValueTooLargeError} the value is over `maxValueSize`
   * @throws {InvalidRecordError} the key's namespace refuses it
   */
  async seal (key: string | Uint8Array, value: string | Uint8Array): Promise<ValueRecord> {
    const bytes = toBytes('the value', value)
    const recordKey = this.keyOf(key)
    const limit = this.#isOf(MUTABLE, recordKey) ? this.maxRecordSize : this.#config.maxValueSize // a sealed one comes with its envelope
    if (bytes.byteLength > limit) {
      throw new ValueTooLargeError(`the value has ${bytes.byteLength} bytes, at most ${limit} are allowed: split it, or set a larger maxValueSize on every node of the network`)
    }
    const record = this.#isOf(OPEN, recordKey)
      ? { key: recordKey, value: sealerOf(bytes)(await this.#sealTime(recordKey)) }
      : { key: recordKey, value: new Uint8Array(bytes) }
    if (namespaceOf(recordKey) == null || this.knows(recordKey)) {
      await this.#validate(record)
    }
    return record
  }

  /** The user's value in a valid record, of which it is a part. */
  open ({ key, value }: ValueRecord): Uint8Array {
    if (this.#isOf(OPEN, key)) {
      return openValue(value).data
    }
    return this.#isOf(MUTABLE, key) ? openMutableValue(value).data : value
  }

  /** Is there a kind for the namespace of a record key? Without, its values can be sent to others, but neither read nor kept. */
  knows (recordKey: Uint8Array): boolean {
    return this.#validators.knows(recordKey)
  }

  /** Why its namespace does not accept `record` now; undefined: it does. */
  async refusal (record: ValueRecord, options?: AbortOptions): Promise<InvalidRecordError | undefined> {
    try {
      await this.#validate(record, options)
      return undefined
    } catch (err) {
      if (err instanceof InvalidRecordError) {
        return err
      }
      throw err
    }
  }

  /** The index of the best of `values`, all valid for `key`. */
  async select (key: Uint8Array, values: readonly Uint8Array[]): Promise<number> {
    const index = this.#validators.select(key, values)
    return typeof index === 'number' ? index : abortable(index, this.#signal)
  }

  /** What we keep ourselves at a record key, if it is valid still: a signed value may end before its row does. */
  async kept (key: Uint8Array): Promise<StoredValue | undefined> {
    const row = await this.#store.get(key)
    if (row == null || this.#isLasting(row)) {
      return row
    }
    if (await this.refusal(row) != null) {
      return undefined
    }
    if (this.#validators.lasts(key)) {
      this.#lasting.add(row)
      this.#lastingStamps.set(bytesToMapKey(key), stampOf(row))
    }
    return row
  }

  /** The same as others are given it, with what is left of its life from this moment, with which it is stamped; or a better one that we keep alive, if the store had no room for it. */
  async served (key: Uint8Array): Promise<ValueRecord | undefined> {
    const now = this.#config.clock.now()
    const kept = await this.kept(key)
    const ours = await this.#publications.get(key).catch((err): undefined => {
      if (kept == null) {
        throw err
      }
    })
    const ttl = ours == null ? 0 : ours.published + ours.life - now
    if (ours != null && ttl > 0 && await this.#isBetter(ours, kept)) {
      return { key, value: ours.value, ttl }
    }
    return kept == null ? undefined : { key, value: kept.value, timeReceived: now, ttl: kept.expires - now }
  }

  /**
   * Milliseconds that a record has left, by what its holder tells of it: at the most the longest
   * life there is. Undefined: it does not tell. A holder that does not know what `ttl` is, as go
   * does not, tells it as it was given it, and stamps `timeReceived` with when that was; it
   * gives the record past its end, too, when 0 is left.
   */
  left ({ ttl, timeReceived }: ValueRecord): number | undefined {
    const { clock, valueTtl, maxValueTtl } = this.#config
    const held = timeReceived == null ? 0 : Math.max(0, clock.now() - timeReceived)
    if (ttl != null) {
      return Math.min(Math.max(0, ttl - held), maxValueTtl)
    }
    return timeReceived == null || held >= valueTtl ? undefined : Math.min(valueTtl - held, maxValueTtl)
  }

  /**
   * Keep `record` for as long as it says, if it is valid and no better one is kept. To get
   * the same again never shortens its life. `from`: the id of the peer that makes us keep it.
   *
   * @throws {InvalidRecordError} it is not valid
   * @throws {OutdatedRecordError} a better one is kept
   * @throws {StoreFullError} there is no room
   */
  async accept (record: ValueRecord, from?: Uint8Array): Promise<void> {
    await this.#validate(record)
    const expires = await this.#writes.take(bytesToMapKey(record.key), async () => this.#write(record, from))
    this.#onKept?.(record.key, expires)
  }

  /** Is this the row that was verified, and will stay valid? */
  #isLasting (row: StoredValue): boolean {
    return this.#lasting.has(row) || this.#lastingStamps.get(bytesToMapKey(row.key)) === stampOf(row)
  }

  /** Is it of a namespace whose values have an envelope? Not where the program has said what all kinds are. */
  #isOf (namespace: string, recordKey: Uint8Array): boolean {
    return this.#enveloped && namespaceOf(recordKey) === namespace
  }

  async #validate (record: ValueRecord, options?: AbortOptions): Promise<void> {
    if (record.value.byteLength > this.maxRecordSize) {
      throw new ValueTooLargeError(`a value of ${record.value.byteLength} bytes: at most ${this.maxRecordSize} are kept`)
    }
    const verdict = this.#validators.validate(record, this.#config.clock.now(), options)
    if (verdict != null) {
      await abortable(verdict, this.#signal) // a kind of somebody else's may never come to one
    }
  }

  /** Returns until when it lives. */
  async #write ({ key, value, ttl }: ValueRecord, from: Uint8Array | undefined): Promise<number> {
    const { clock, valueTtl, maxValueTtl } = this.#config
    const kept = await this.#store.get(key)
    const isKept = kept != null && bytesEqual(kept.value, value)
    if (kept != null && !isKept && await this.refusal(kept) == null && await this.#prefers(key, kept.value, value)) {
      throw new OutdatedRecordError('a newer value is kept at this key')
    }
    const listed = from == null ? undefined : await this.#publications.get(key)
    if (listed != null && await this.#prefers(key, value, listed.value)) {
      await this.#onOutdone?.(listed) // before it is known whether there is room for the better one
    }
    const now = clock.now()
    const expires = now + Math.min(ttl ?? valueTtl, maxValueTtl)
    if (isKept && kept.expires >= expires) {
      return kept.expires
    }
    await this.#store.put({ key, value, timeReceived: now, expires }, { from })
    return expires
  }

  /** Is what we keep alive valid, and better than what is kept, if anything is? */
  async #isBetter (ours: ValueRecord, kept: StoredValue | undefined): Promise<boolean> {
    if (kept != null && bytesEqual(ours.value, kept.value)) {
      return false
    }
    return await this.refusal(ours) == null && (kept == null || this.#prefers(ours.key, ours.value, kept.value))
  }

  /** Is `kept` better? Not to a selector that goes by the place in the list alone. */
  async #prefers (key: Uint8Array, kept: Uint8Array, value: Uint8Array): Promise<boolean> {
    return await this.select(key, [value, kept]) !== 0 && await this.select(key, [kept, value]) === 0
  }

  /**
   * Later than every value that we sealed or keep at this key: two puts within a millisecond, or by a slow clock, still
   * replace each other in order. What was sealed by a clock so far ahead that nobody accepts it does not count.
   */
  async #sealTime (key: Uint8Array): Promise<number> {
    const id = bytesToMapKey(key)
    const kept = await this.#writes.take(id, async () => this.kept(key)) // a disk may answer those who ask later first
    const now = this.#config.clock.now()
    const latest = now + MAX_CLOCK_AHEAD_MS
    const sealed = this.#sealed.get(id) ?? 0
    const time = Math.max(now, kept == null ? 0 : openValue(kept.value).time + 1, sealed > latest ? 0 : sealed + 1)
    if (time <= latest) {
      this.#sealed.set(id, time)
    }
    return time
  }
}

/** What tells a row from others that are written at its key: all that {@link Values.accept} writes was verified, and a disk's damage is found by its checksum. */
function stampOf ({ timeReceived, expires, value }: StoredValue): string {
  return `${timeReceived} ${expires} ${value.byteLength}`
}

function concat (a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.byteLength + b.byteLength)
  out.set(a)
  out.set(b, a.byteLength)
  return out
}
