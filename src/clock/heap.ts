/** What lies in a {@link Heap}. */
export interface Placed {
  /** Its place in the heap; -1 when it is not in it. Only the heap writes it. */
  place: number
}

/** Items in the order of `isBefore`: a binary heap in an array, where each item knows its place, so that any can leave at once. */
export class Heap<T extends Placed> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[] = []

  constructor (isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size (): number {
    return this.#items.length
  }

  /** The item before which there is none. */
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
    last.place = hole // it fills the hole, and belongs above or below it
    this.move(last)
  }

  /** Put an item where it belongs after what its order depends on has changed. */
  move (item: T): void {
    this.#rise(item, item.place)
    this.#sink(item, item.place)
  }

  /** The items of which `holds` is true, in order; it must be of all that are before one of which it is. No others are looked at, but for their parents' sake. */
  leading (holds: (item: T) => boolean): T[] {
    const found: T[] = []
    const places = [0]
    for (let place = places.pop(); place != null; place = places.pop()) {
      if (place < this.#items.length && holds(this.#items[place])) {
        found.push(this.#items[place])
        places.push(2 * place + 1, 2 * place + 2)
      }
    }
    return found.sort((a, b) => this.#isBefore(a, b) ? -1 : 1)
  }

  #rise (item: T, from: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >>> 1
      if (!this.#isBefore(item, this.#items[parent])) {
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
      const earlier = child + 1 < this.#items.length && this.#isBefore(this.#items[child + 1], this.#items[child]) ? child + 1 : child
      if (!this.#isBefore(this.#items[earlier], item)) {
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
