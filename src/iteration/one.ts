import { ManualGenerator } from './manual-generator.ts'

/** What is made when it is asked for, and then the end. */
class One<T> extends ManualGenerator<T> {
  #make: (() => T) | undefined

  constructor (make: () => T) {
    super()
    this.#make = make
  }

  async next (): Promise<IteratorResult<T, undefined>> {
    const make = this.#make
    this.#make = undefined
    return make == null ? { done: true, value: undefined } : { done: false, value: make() }
  }

  async return (): Promise<IteratorResult<T, undefined>> {
    this.#make = undefined
    return { done: true, value: undefined }
  }
}

/** A sequence of one, which `make` makes when it is asked for. It rejects with what that throws. */
export function one<T> (make: () => T): AsyncIterableIterator<T, undefined> {
  return new One(make)
}
