import type { Handler } from './handlers.ts'
import type { ValueRecord } from '../../record/record.ts'

/**
 * PUT_VALUE: keep the record, answer by echoing it.
 *
 * `accept` validates it, selects it against what is stored and writes it; it
 * throws when the record is refused, which resets the stream.
 */
export function putValue (accept: (record: ValueRecord) => Promise<void>): Handler<'put-value'> {
  return async function * ({ record }) {
    await accept(record)
    yield { type: 'put-value', record }
  }
}
