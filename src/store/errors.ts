/** A store's limit leaves no room for another row. */
export class StoreFullError extends Error {
  override name = 'StoreFullError'
  /** Is all of the store taken, or what one peer may have of it? */
  readonly reason: 'full' | 'perPeer'

  constructor (message: string, reason: 'full' | 'perPeer') {
    super(message)
    this.reason = reason
  }
}

/** The datastore beneath a store failed (a full disk, a closed database): see its `cause`. What the store held before, it still holds. */
export class DatastoreError extends Error {
  override name = 'DatastoreError'
}

/** A store on a datastore was used before its `open()` had resolved. */
export class StoreNotOpenError extends Error {
  override name = 'StoreNotOpenError'
}

/** A row that nobody can have written, or whose bytes have changed since. Stores drop it and go on. */
export class CorruptRowError extends Error {
  override name = 'CorruptRowError'
}
