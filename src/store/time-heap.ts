/** What lies in a {@link TimeHeap}. */
export interface Timed {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  /** Items of the same time are in the order of this. */
  readonly sequence: number
  /** Its place in the heap; -1 when it is not in it. Only the heap writes it. */
  place: number
}

/** Items by time, earliest first: a binary heap in an array, where each item knows its place, so that any can leave at once. */
export class TimeHeap<T extends Timed> {
  readonly #items: T[] = []

  get size (): number {
    return this.#items.length
  }

  /** The earliest item. */
  first (): T | undefined {
    return this.#items[0]
  }

  add (item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  /** Take an item out. Harmless when it is not in. */
  remove (item: T): void {
    const hole = item.place
    if (hole < 0) {
      return
    }
    item.place = -1
    const last = this.#items.pop()
    if (last == null || last === item) {
      return
    }
    // the last item fills the hole, and belongs above or below it
    this.#rise(last, hole)
    this.#sink(last, last.place)
  }

  /** The items whose time is `time` or earlier, earliest first. No others are looked at, but for their parents' sake. */
  upTo (time: number): T[] {
    const found: T[] = []
    const places = [0]
    for (let place = places.pop(); place != null; place = places.pop()) {
      if (place < this.#items.length && this.#items[place].time <= time) {
        found.push(this.#items[place])
        places.push(2 * place + 1, 2 * place + 2)
      }
    }
    return found.sort((a, b) => isBefore(a, b) ? -1 : 1)
  }

  #rise (item: T, from: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >>> 1
      if (!isBefore(item, this.#items[parent])) {
        break
      }
      this.#put(this.#items[parent], place)
      place = parent
    }
    this.#put(item, place)
  }

  #sink (item: T, from: number): void {
    let place = from
    for (let child = 2 * place + 1; child < this.#items.length; child = 2 * place + 1) {
      const earlier = child + 1 < this.#items.length && isBefore(this.#items[child + 1], this.#items[child]) ? child + 1 : child
      if (!isBefore(this.#items[earlier], item)) {
        break
      }
      this.#put(this.#items[earlier], place)
      place = earlier
    }
    this.#put(item, place)
  }

  #put (item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}

function isBefore (a: Timed, b: Timed): boolean {
  return a.time === b.time ? a.sequence < b.sequence : a.time < b.time
}
