/** A store's limit leaves no room for another row. */
export class StoreFullError extends Error {
  override name = 'StoreFullError'
}
