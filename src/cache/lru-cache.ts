/** The entries used last, by a string. */
export class LruCache<V> {
  readonly #max: number
  /** What was used last is at its end. */
  readonly #entries = new Map<string, V>()

  /** `max`: entries kept. */
  constructor (max: number) {
    this.#max = max
  }

  get (id: string): V | undefined {
    const value = this.#entries.get(id)
    if (value !== undefined) {
      this.#entries.delete(id)
      this.#entries.set(id, value)
    }
    return value
  }

  set (id: string, value: V): void {
    this.#entries.delete(id)
    this.#entries.set(id, value)
    const [first] = this.#entries.size > this.#max ? this.#entries.keys() : []
    if (first != null) {
      this.#entries.delete(first)
    }
  }
}
