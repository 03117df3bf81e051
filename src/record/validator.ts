import { InvalidRecordError } from './invalid-record.ts'
import { namespaceOf } from './namespace.ts'
import type { ValueRecord } from './record.ts'

/**
 * What the values under one namespace mean: which are valid (the kad-dht spec's
 * validator) and which of several is the best (its selector).
 *
 * libp2p's own `ValidateFn` and `SelectFn` make one:
 *
 * @example
 *
 * ```typescript
 * const ipns: RecordKind = {
 *   namespace: 'ipns',
 *   validate: async ({ key, value }) => { await ipnsValidator(key, value) },
 *   select: (key, values) => ipnsSelector(key, [...values])
 * }
 * ```
 */
export interface RecordKind {
  /** The part of the key between its first two slashes. */
  readonly namespace: string

  /**
   * Accept `record` or refuse it, at the time `now` (milliseconds since the Unix epoch).
   *
   * @throws {InvalidRecordError} (or rejects with it, or with any other error) the record is not valid
   */
  validate (record: ValueRecord, now: number): void | Promise<void>

  /**
   * The index of the best of `values`, at least one, each valid for `key`. Every peer
   * must come to the same verdict, so it may depend on nothing else.
   */
  select (key: Uint8Array, values: readonly Uint8Array[]): number
}

/** The kinds of records that a node keeps, by namespace. */
export class Validators {
  readonly #kinds = new Map<string, RecordKind>()

  /** @throws {TypeError} two kinds for one namespace, or a namespace that no key can have */
  constructor (kinds: Iterable<RecordKind>) {
    for (const kind of kinds) {
      const { namespace } = kind
      if (namespace === '' || namespace.includes('/') || !namespace.isWellFormed()) {
        throw new TypeError(`"${namespace}" is no namespace: it must be non-empty Unicode without a slash`)
      }
      if (this.#kinds.has(namespace)) {
        throw new TypeError(`two kinds of records for the namespace ${namespace}: leave out one`)
      }
      this.#kinds.set(namespace, kind)
    }
  }

  /**
   * Accept `record` or refuse it. Always awaited: some verdicts take a signature check.
   *
   * @throws {InvalidRecordError} its namespace is unknown, or refuses it; `cause` is the namespace's own error
   */
  async validate (record: ValueRecord, now: number): Promise<void> {
    const kind = this.#kindOf(record.key)
    try {
      await kind.validate(record, now)
    } catch (err) {
      throw err instanceof InvalidRecordError
        ? err
        : new InvalidRecordError(`not a valid record for /${kind.namespace}/: ${String(err)}`, { cause: err })
    }
  }

  /**
   * The index of the best of `values`, all valid for `key`.
   *
   * @throws {InvalidRecordError} the namespace is unknown
   */
  select (key: Uint8Array, values: readonly Uint8Array[]): number {
    return this.#kindOf(key).select(key, values)
  }

  #kindOf (key: Uint8Array): RecordKind {
    const namespace = namespaceOf(key)
    if (namespace == null) {
      throw new InvalidRecordError('the key of a record must be /<namespace>/<rest>, both non-empty, the namespace UTF-8')
    }
    const kind = this.#kinds.get(namespace)
    if (kind == null) {
      throw new InvalidRecordError(`no kind of records is known for the namespace ${JSON.stringify(namespace)}`)
    }
    return kind
  }
}
