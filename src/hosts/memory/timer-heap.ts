/** A call that is scheduled. */
export interface Timer {
  /** When it is due: milliseconds since the Unix epoch. */
  readonly time: number
  /** Calls of the same time are made in the order they were scheduled. */
  readonly sequence: number
  task (): void
  /** Its place in the heap; -1 when it is not in it. */
  index: number
}

/**
 * Timers by (time, sequence): a binary heap in an array, where each timer knows its
 * place, so that a cancelled one leaves at once. Most timers of a simulation are
 * deadlines that are cancelled long before they are due.
 */
export class TimerHeap {
  readonly #timers: Timer[] = []

  get size (): number {
    return this.#timers.length
  }

  /** The timer that is due first. */
  first (): Timer | undefined {
    return this.#timers[0]
  }

  add (timer: Timer): void {
    this.#timers.push(timer)
    this.#rise(timer, this.#timers.length - 1)
  }

  /** Take a timer out. Harmless when it is not in. */
  remove (timer: Timer): void {
    const hole = timer.index
    if (hole < 0) {
      return
    }
    timer.index = -1
    const last = this.#timers.pop()
    if (last == null || last === timer) {
      return
    }
    // the last timer fills the hole, and belongs above or below it
    this.#rise(last, hole)
    this.#sink(last, last.index)
  }

  /** Put `timer` at `index` or, while it is due before its parent, above. */
  #rise (timer: Timer, index: number): void {
    while (index > 0) {
      const parent = (index - 1) >>> 1
      if (!isBefore(timer, this.#timers[parent])) {
        break
      }
      this.#place(this.#timers[parent], index)
      index = parent
    }
    this.#place(timer, index)
  }

  /** Put `timer` at `index` or, while a child is due before it, below. */
  #sink (timer: Timer, index: number): void {
    for (;;) {
      let child = index * 2 + 1
      if (child >= this.#timers.length) {
        break
      }
      if (child + 1 < this.#timers.length && isBefore(this.#timers[child + 1], this.#timers[child])) {
        child++
      }
      if (!isBefore(this.#timers[child], timer)) {
        break
      }
      this.#place(this.#timers[child], index)
      index = child
    }
    this.#place(timer, index)
  }

  #place (timer: Timer, index: number): void {
    this.#timers[index] = timer
    timer.index = index
  }
}

function isBefore (a: Timer, b: Timer): boolean {
  return a.time === b.time ? a.sequence < b.sequence : a.time < b.time
}
