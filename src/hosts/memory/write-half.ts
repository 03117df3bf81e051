import { SourceWriter } from '../../iteration/source-writer.ts'
import type { Wire } from './wire.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

type Chunk = Uint8Array | Uint8ArrayList

/** Told of the end of what is written. */
export interface Written {
  /** All is on its way, with the end. */
  onEnd (): void
  /** What was to be written broke: the stream has to be reset. */
  onThrown (thrown: unknown): void
}

/** Writes a source to the wire as far as the reader's window allows. */
export class WriteHalf extends SourceWriter<Chunk> {
  readonly #wire: Wire
  readonly #written: Written
  #credit: number
  /** What the window has no room for. */
  #rest: Chunk | undefined

  /** @param window - how many bytes may be sent before the reader takes any */
  constructor (window: number, wire: Wire, written: Written) {
    super()
    this.#credit = window
    this.#wire = wire
    this.#written = written
  }

  /** The reader has taken bytes: as many more may be sent. */
  grant (bytes: number): void {
    this.#credit += bytes
    if (this.#rest != null && this.take(this.#rest)) {
      this.resume()
    }
  }

  override fail (err: Error): void {
    this.#rest = undefined
    super.fail(err)
  }

  protected override take (chunk: Chunk): boolean {
    const size = Math.min(this.#credit, chunk.byteLength)
    this.#credit -= size
    if (size > 0) {
      this.#wire.write(part(chunk, 0, size))
    }
    this.#rest = size === chunk.byteLength ? undefined : part(chunk, size, chunk.byteLength)
    return this.#rest == null
  }

  protected override end (): undefined {
    this.#wire.send({ type: 'close' })
    this.#written.onEnd()
  }

  protected override abort (thrown: unknown): void {
    this.#written.onThrown(thrown)
  }
}

/** A part of `bytes`, not copied. */
function part (bytes: Chunk, start: number, end: number): Chunk {
  if (start === 0 && end === bytes.byteLength) {
    return bytes
  }
  return bytes instanceof Uint8Array ? bytes.subarray(start, end) : bytes.sublist(start, end)
}
