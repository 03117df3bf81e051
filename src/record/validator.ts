import { InvalidRecordError } from './invalid-record.ts'
import { KEY_FORM, namespaceOf } from './namespace.ts'
import type { ValueRecord } from './record.ts'
import type { AbortOptions } from '@libp2p/interface'

/**
 * What the values under one namespace mean: which are valid (the kad-dht spec's
 * validator) and which of several is the best (its selector).
 *
 * libp2p's own `ValidateFn` and `SelectFn` make one:
 *
 * @example
 *
 * ```typescript
 * import { ipnsSelector } from 'ipns/selector'
 * import { ipnsValidator } from 'ipns/validator'
 * import type { RecordKind } from 'kadmium/engine'
 *
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

  /** Does a record that was valid once stay so, whatever the time? Then one that is kept is not validated each time it is served. Default false. */
  readonly lasting?: boolean | undefined

  /**
   * Accept `record` or refuse it, at the time `now` (milliseconds since the Unix epoch). Given the signal of
   * the operation that looks at it, if that has one.
   *
   * @throws {InvalidRecordError} (or rejects with it, or with any other error) the record is not valid
   */
  validate (record: ValueRecord, now: number, options?: AbortOptions): void | Promise<void>

  /**
   * The index of the best of `values`, at least one, each valid for `key`. Every peer
   * must come to the same verdict, so it may depend on nothing else. What is written at
   * the same key waits for it.
   */
  select (key: Uint8Array, values: readonly Uint8Array[]): number | Promise<number>
}

/** The kind of the records under a namespace, or undefined if there is none. Asked anew each time: kinds may come and go. */
export type KindOf = (namespace: string) => RecordKind | undefined

/**
 * A fixed set of kinds.
 *
 * @throws {TypeError} two kinds for one namespace, or a namespace that no key can have
 */
export function kindsOf (kinds: Iterable<RecordKind>): KindOf {
  const byNamespace = new Map<string, RecordKind>()
  for (const kind of kinds) {
    const { namespace } = kind
    if (typeof namespace !== 'string' || namespace === '' || namespace.includes('/') || !namespace.isWellFormed()) {
      throw new TypeError(`"${namespace}" is no namespace: it must be non-empty Unicode without a slash`)
    }
    if (byNamespace.has(namespace)) {
      throw new TypeError(`two kinds of records for the namespace ${namespace}: leave out one`)
    }
    byNamespace.set(namespace, kind)
  }
  return namespace => byNamespace.get(namespace)
}

/** What the kinds of records that a node keeps say of records. */
export class Validators {
  readonly #kindOf: KindOf

  constructor (kindOf: KindOf) {
    this.#kindOf = kindOf
  }

  /** Is there a kind for the namespace of `key`? */
  knows (key: Uint8Array): boolean {
    const namespace = namespaceOf(key)
    return namespace != null && this.#kindOf(namespace) != null
  }

  /** Does a record at `key` that was valid once stay so? */
  lasts (key: Uint8Array): boolean {
    return this.#kindFor(key).lasting === true
  }

  /**
   * Accept `record` or refuse it: at once, or later, since some verdicts take a signature check.
   *
   * @throws {InvalidRecordError} (or rejects with it) its namespace is unknown, or refuses it; `cause` is the namespace's own error
   */
  validate (record: ValueRecord, now: number, options?: AbortOptions): void | Promise<void> {
    const kind = this.#kindFor(record.key)
    const refuse = (err: unknown): never => {
      throw err instanceof InvalidRecordError
        ? err
        : new InvalidRecordError(`not a valid record for /${kind.namespace}/: ${String(err)}`, { cause: err })
    }
    try {
      const verdict = kind.validate(record, now, options)
      return verdict == null ? undefined : Promise.resolve(verdict).catch(refuse)
    } catch (err) {
      refuse(err)
    }
  }

  /**
   * The index of the best of `values`, all valid for `key`.
   *
   * @throws {InvalidRecordError} the namespace is unknown
   */
  select (key: Uint8Array, values: readonly Uint8Array[]): number | Promise<number> {
    return this.#kindFor(key).select(key, values)
  }

  #kindFor (key: Uint8Array): RecordKind {
    const namespace = namespaceOf(key)
    if (namespace == null) {
      throw new InvalidRecordError(`the key of a record ${KEY_FORM}`)
    }
    const kind = this.#kindOf(namespace)
    if (kind == null) {
      throw new InvalidRecordError(`no kind of records for the namespace ${JSON.stringify(namespace)}`)
    }
    return kind
  }
}
