import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { DataDirError, textOf, writeError } from './errors.ts'
import { proveRoom } from './room.ts'
import type { Clock } from '../clock/clock.ts'
import type { AbortOptions, Logger } from '@libp2p/interface'
import type { LevelDatastore } from 'datastore-level'
import type { Batch, Key, KeyQuery, Pair, Query } from 'interface-datastore'

/** Bytes of rows written together, if as many wait; one may be larger. */
const MAX_GROUP_BYTES = 1024 * 1024

/** Milliseconds after a failed write before the next is tried. */
const RETRY_MS = 1_000

/** Milliseconds between two lines in the log about writes that fail. */
const COMPLAINT_MS = 60_000

export interface MendingDatastoreInit {
  /** The data directory. */
  readonly dir: string
  /** The database, open. */
  readonly level: LevelDatastore
  /** Opens it again after it was closed. */
  reopen (): Promise<LevelDatastore>
  /** The same, after a repair. */
  repair (reason: unknown): Promise<LevelDatastore>
  readonly clock: Clock
  readonly log: Logger
}

type Operation = { readonly type: 'put', readonly key: Key, readonly value: Uint8Array } | { readonly type: 'delete', readonly key: Key }

interface Waiting {
  readonly operations: readonly Operation[]
  readonly bytes: number
  resolve (): void
  reject (err: unknown): void
}

interface Failure {
  readonly error: DataDirError
  /** What the database said. */
  readonly cause: unknown
  /** Milliseconds since the Unix epoch. */
  readonly time: number
}

/**
 * A LevelDB that lives on after a failed write.
 *
 * What LevelDB writes behind a failed write is lost when it is opened again: its log of
 * writes has a torn record there, and is read no further. So writes go one after the other,
 * those that wait together, and after one that failed the database is closed and opened
 * before the next; not before there is room for that, since otherwise nothing could be
 * read either:
 *
 * ```
 *  writing ──fails──▶ failing ──room, reopened──▶ writing
 *                      │   ▲
 *                      └───┘ no room: at most one try a second; reads go on
 * ```
 */
export class MendingDatastore extends BaseDatastore {
  readonly #init: MendingDatastoreInit
  #level: LevelDatastore | undefined
  #queue: Waiting[] = []
  #writing: Promise<void> | undefined
  #healing: Promise<void> | undefined
  #failure: Failure | undefined
  /** When the log was told last of writes that fail, and whether it is still to be told of their end. */
  #complained = -Infinity
  #complaining = false
  #closed = false

  constructor (init: MendingDatastoreInit) {
    super()
    this.#init = init
    this.#level = init.level
  }

  override async put (key: Key, value: Uint8Array, options?: AbortOptions): Promise<Key> {
    options?.signal?.throwIfAborted()
    await this.#write([{ type: 'put', key, value }])
    return key
  }

  /** A row in a part of the database that cannot be read is none. */
  override async get (key: Key, options?: AbortOptions): Promise<Uint8Array> {
    const level = await this.#opened()
    try {
      return await level.get(key, options)
    } catch (err) {
      if (isCorruption(err)) {
        this.#init.log.error('the row %s cannot be read: %e', key, err)
        throw new NotFoundError(`the row ${key.toString()} was damaged`)
      }
      throw err
    }
  }

  override async delete (key: Key, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await this.#write([{ type: 'delete', key }])
  }

  override batch (): Batch {
    let operations: Operation[] = []
    return {
      put: (key, value) => { operations.push({ type: 'put', key, value }) },
      delete: key => { operations.push({ type: 'delete', key }) },
      commit: async options => {
        options?.signal?.throwIfAborted()
        const ours = operations
        operations = []
        await this.#write(ours)
      }
    }
  }

  override async * _all (query: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    const level = await this.#opened()
    yield * level.query({ prefix: query.prefix }, options)
  }

  override async * _allKeys (query: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> {
    const level = await this.#opened()
    yield * level.queryKeys({ prefix: query.prefix }, options)
  }

  /** Close the database when what waits is written. It cannot be used afterwards. */
  async close (): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#healing?.catch(err => { this.#init.log('closed while it was mended: %e', err) })
    await this.#level?.close()
    this.#level = undefined
  }

  /** Close the database, repair it and open it again. */
  async repair (reason: unknown): Promise<void> {
    await this.#reopen(async () => this.#init.repair(reason))
  }

  async #write (operations: readonly Operation[]): Promise<void> {
    if (this.#closed) {
      throw closedError(this.#init.dir)
    }
    const bytes = operations.reduce((sum, operation) => sum + (operation.type === 'put' ? operation.value.byteLength : 0), 0)
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ operations, bytes, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async #writeAll (): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#commit(group.flatMap(({ operations }) => operations))
        group.forEach(({ resolve }) => { resolve() })
      } catch (err) {
        group.forEach(({ reject }) => { reject(err) })
      }
    }
    this.#writing = undefined
  }

  #takeGroup (): Waiting[] {
    let bytes = 0
    const end = this.#queue.findIndex((waiting, i) => {
      bytes += waiting.bytes
      return i > 0 && bytes > MAX_GROUP_BYTES
    })
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end)
  }

  async #commit (operations: readonly Operation[]): Promise<void> {
    const level = this.#failure == null ? await this.#opened() : await this.#healed()
    const batch = level.batch()
    for (const operation of operations) {
      if (operation.type === 'put') {
        batch.put(operation.key, operation.value)
      } else {
        batch.delete(operation.key)
      }
    }
    try {
      await batch.commit()
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  /** The database; when it could not be opened again after a failure, another try of that. */
  async #opened (): Promise<LevelDatastore> {
    await this.#healing?.catch(() => {}) // whoever began that is told
    return this.#level ?? this.#healed()
  }

  /** The database, in order again. */
  async #healed (): Promise<LevelDatastore> {
    const { clock, dir } = this.#init
    if (this.#closed && this.#level == null) {
      throw closedError(dir)
    }
    if (this.#failure != null && this.#healing == null && Math.abs(clock.now() - this.#failure.time) < RETRY_MS) {
      throw this.#failure.error
    }
    this.#healing ??= this.#heal().finally(() => { this.#healing = undefined })
    await this.#healing
    return this.#opened()
  }

  async #heal (): Promise<void> {
    const { dir, log, repair, reopen } = this.#init
    const cause = this.#failure?.cause
    try {
      await proveRoom(dir)
      await this.#reopen(async () => isCorruption(cause) ? repair(cause) : reopen())
    } catch (err) {
      throw this.#fail(err)
    }
    this.#failure = undefined
    if (this.#complaining) {
      this.#complaining = false
      log.error('the database in %s can be written again', dir)
    }
  }

  async #reopen (open: () => Promise<LevelDatastore>): Promise<void> {
    const level = this.#level
    this.#level = undefined
    await level?.close()
    this.#level = await open()
  }

  #fail (cause: unknown): DataDirError {
    const { clock, dir, log } = this.#init
    const error = writeError(dir, cause)
    const time = clock.now()
    this.#failure = { error, cause, time }
    if (Math.abs(time - this.#complained) >= COMPLAINT_MS) {
      this.#complained = time
      this.#complaining = true
      log.error('%s', error.message)
    }
    return error
  }
}

function isCorruption (err: unknown): boolean {
  return textOf(err).includes('Corruption: ')
}

function closedError (dir: string): DataDirError {
  return new DataDirError(`the database in ${dir} was closed: the node was stopped`)
}
