import type { Stream } from '../../src/rpc/connection.ts'

/** A stream as a class of a host of one's own has it: methods that need their object. */
export class OwnStream implements Stream {
  readonly source: Stream['source']
  readonly #inner: Stream

  constructor (inner: Stream) {
    this.#inner = inner
    this.source = inner.source
  }

  async sink (...args: Parameters<Stream['sink']>): Promise<void> {
    await this.#inner.sink(...args)
  }

  abort (err: Error): void {
    this.#inner.abort(err)
  }
}
