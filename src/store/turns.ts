/** Lets work on the same thing take turns: each begins when the one before it is over, however that ended. */
export class Turns {
  /** The last in the queue of each thing; nothing when nobody works on it. */
  readonly #last = new Map<string, Promise<unknown>>()

  /** Does nobody work on the thing `id`? */
  isFree (id: string): boolean {
    return !this.#last.has(id)
  }

  /** Do `work` on the thing `id` when it is its turn. `work` may wait for another turn only if that is free: two could wait for each other. */
  async take<T> (id: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(id) ?? Promise.resolve()).then(work, work)
    this.#last.set(id, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(id) === turn) {
        this.#last.delete(id)
      }
    }
  }
}
