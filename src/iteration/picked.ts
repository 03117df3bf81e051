import { ManualGenerator } from './manual-generator.ts'

/**
 * What `pick` makes of each item of `source`, as it is read. Leaving it leaves `source` at once; a generator
 * function that waits for `source` could not be left before something comes.
 */
export function picked<T, U> (source: AsyncIterable<T>, pick: (item: T) => Iterable<U>): AsyncGenerator<U, undefined, unknown> {
  return new Picked(source, pick)
}

class Picked<T, U> extends ManualGenerator<U> {
  readonly #source: AsyncIterator<T>
  readonly #pick: (item: T) => Iterable<U>
  readonly #ready: U[] = []
  #before: Promise<unknown> = Promise.resolve()
  #left = false

  constructor (source: AsyncIterable<T>, pick: (item: T) => Iterable<U>) {
    super()
    this.#source = source[Symbol.asyncIterator]()
    this.#pick = pick
  }

  async next (): Promise<IteratorResult<U, undefined>> {
    const next = this.#before.then(async () => this.#next())
    this.#before = next.catch(() => {})
    return next
  }

  async return (): Promise<IteratorResult<U, undefined>> {
    this.#left = true
    await this.#source.return?.()
    return { done: true, value: undefined }
  }

  async #next (): Promise<IteratorResult<U, undefined>> {
    while (!this.#left) {
      if (this.#ready.length > 0) {
        return { done: false, value: this.#ready.splice(0, 1)[0] }
      }
      const { done, value } = await this.#source.next()
      if (done === true) {
        break
      }
      this.#ready.push(...this.#pick(value))
    }
    return { done: true, value: undefined }
  }
}
