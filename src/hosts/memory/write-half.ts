import type { Source } from 'it-stream-types'
import type { Uint8ArrayList } from 'uint8arraylist'

type Chunk = Uint8Array | Uint8ArrayList
type ChunkIterator = Iterator<Chunk> | AsyncIterator<Chunk>

/** What a write half does to its stream. */
export interface WriteTarget {
  write (bytes: Chunk): void
  close (): void
  /** Writing failed: reset the stream. */
  abort (err: Error): void
}

/**
 * Writes a source as far as the reader's window allows. It stops at once when the
 * stream is reset, also while it waits for the source or for the window.
 */
export class WriteHalf {
  readonly #target: WriteTarget
  #credit: number
  #begun = false
  #ended = false
  #error: Error | undefined
  /** Somebody waits for credit. */
  #wake: (() => void) | undefined
  /** Makes whatever `sink` waits for fail. */
  #interrupt: ((err: Error) => void) | undefined

  /** @param window - how many bytes may be sent before the reader takes any */
  constructor (window: number, target: WriteTarget) {
    this.#credit = window
    this.#target = target
  }

  /** The reader has taken bytes: as many more may be sent. */
  grant (bytes: number): void {
    this.#credit += bytes
    this.#wake?.()
  }

  /** The stream was reset. What has been written to its end stays so. */
  fail (err: Error): void {
    if (this.#error == null && !this.#ended) {
      this.#error = err
      this.#interrupt?.(err)
    }
  }

  async sink (source: Source<Chunk>): Promise<void> {
    const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    try {
      this.#begin()
      for (let next = await this.#pull(iterator); next.done !== true; next = await this.#pull(iterator)) {
        for (let rest = this.#write(next.value); rest != null; rest = this.#write(rest)) {
          await this.#unlessReset<void>(resolve => { this.#wake = resolve })
          this.#wake = undefined
        }
      }
    } catch (err) {
      this.#target.abort(err instanceof Error ? err : new Error('the source of a stream failed', { cause: err }))
      // nobody waits for the source to tidy up, and what fails then is less than what failed now
      release(iterator).catch(() => undefined)
      throw err
    }
    this.#ended = true
    this.#target.close()
  }

  #begin (): void {
    if (this.#begun) {
      throw new Error('a stream is written once: give its sink one source with all there is to send')
    }
    this.#begun = true
  }

  // not async functions, which would wait for these promises once more

  #pull (iterator: ChunkIterator): Promise<IteratorResult<Chunk>> {
    return this.#unlessReset((resolve, reject) => {
      Promise.resolve(iterator.next()).then(resolve, reject)
    })
  }

  #unlessReset <T> (wait: (resolve: (value: T) => void, reject: (err: unknown) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#error != null) {
        throw this.#error
      }
      this.#interrupt = reject
      wait(resolve, reject)
    })
  }

  /** Write as much of `chunk` as the window allows, and return the rest, if there is one. */
  #write (chunk: Chunk): Chunk | undefined {
    const size = Math.min(this.#credit, chunk.byteLength)
    this.#credit -= size
    if (size > 0) {
      this.#target.write(part(chunk, 0, size))
    }
    return size === chunk.byteLength ? undefined : part(chunk, size, chunk.byteLength)
  }
}

/** A part of `bytes`, not copied. */
function part (bytes: Chunk, start: number, end: number): Chunk {
  if (start === 0 && end === bytes.byteLength) {
    return bytes
  }
  return bytes instanceof Uint8Array ? bytes.subarray(start, end) : bytes.sublist(start, end)
}

async function release (iterator: ChunkIterator): Promise<void> {
  await iterator.return?.()
}
