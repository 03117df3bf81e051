/**
 * An async generator written out as a class, which `next` and `return` make whole. Unlike a
 * generator function it can be left while somebody waits for its next value, and takes
 * fewer turns of the microtask queue for each.
 */
export abstract class ManualGenerator<T> implements AsyncGenerator<T, undefined, unknown> {
  abstract next (): Promise<IteratorResult<T, undefined>>

  /** Nobody will ask for more. */
  abstract return (): Promise<IteratorResult<T, undefined>>

  async throw (err: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return()
    throw err
  }

  [Symbol.asyncIterator] (): this {
    return this
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.return()
  }
}
