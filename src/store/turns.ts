/** Lets work on the same thing take turns: each begins when the one before it is over, however that ended. */
export class Turns {
  /** The last in the queue of each thing; nothing when nobody works on it. */
  readonly #last = new Map<string, Promise<unknown>>()

  /** Do `work` on the thing `id` when it is its turn. `work` must not wait for another turn: two could wait for each other. */
  async take<T> (id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id)
    const turn = before == null ? work() : before.then(work, work)
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
