import { compareBytes } from './compare-bytes.ts'
import { InvalidRecordError } from './invalid-record.ts'
import type { MutableVersion } from './mutable.ts'

/** A version of a mutable value may not replace the one that is kept: get the value again, and write on top of that. */
export class SequenceMismatchError extends InvalidRecordError {
  override name = 'SequenceMismatchError'

  /** The sequence of the version that is kept; 0: there is none. */
  readonly found: number

  constructor (message: string, found: number) {
    super(message)
    this.found = found
  }
}

/**
 * May `next` take the place of `kept`? As BEP 44 has it: the greater sequence only; the
 * same version once more is fine, it lives on; and with `cas` only if it is the sequence
 * of `kept`.
 *
 * A `cas` that does not match is refused even for the very same version: of two writers
 * who add one to the same count at the same time, one must learn that it lost.
 *
 * @param next - the version to write
 * @param kept - the version that was found, if any: without, everything may be written, unless `cas` says that there is one
 * @param cas - compare and swap: the sequence that the writer read before, 0 if there was none; by default any
 * @throws {SequenceMismatchError} it may not; `found` is the sequence of `kept`
 */
export function checkReplaces (next: MutableVersion, kept: MutableVersion | undefined, cas?: number): void {
  if (kept == null) {
    if (cas != null && cas !== 0) {
      throw new SequenceMismatchError(`sequence ${cas} was to be replaced, but nothing was found: get the value again, and write with 0 as cas if nothing is to be there`, 0)
    }
    return
  }
  const found = kept.sequence
  if (cas != null && cas !== found) {
    throw new SequenceMismatchError(`sequence ${cas} was to be replaced, but ${found} was found: get the value again, and write with ${found} as cas`, found)
  }
  if (next.sequence > Number.MAX_SAFE_INTEGER) {
    throw new SequenceMismatchError(`nothing can replace sequence ${found}, the greatest there is: use another salt, or another key pair`, found)
  }
  if (next.sequence < found) {
    throw new SequenceMismatchError(`sequence ${next.sequence} cannot replace ${found}, which is newer: get the value again, and write with a sequence over ${found}`, found)
  }
  if (next.sequence === found && compareBytes(next.data, kept.data) !== 0) {
    throw new SequenceMismatchError(`other data was found with sequence ${found} already: get the value again, and write with a sequence over ${found}`, found)
  }
}
