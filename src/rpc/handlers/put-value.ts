import type { Handler } from './handlers.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { ValueRecord } from '../../record/record.ts'

/**
 * PUT_VALUE: keep the record, answer by echoing it.
 *
 * `accept` validates it, selects it against what is stored and writes it, on the
 * sender's account; it throws when the record is refused, which resets the stream.
 */
export function putValue (accept: (record: ValueRecord, from: PeerInfo) => Promise<void>): Handler<'put-value'> {
  return async function * ({ record }, from) {
    await accept(record, from)
    yield { type: 'put-value', record }
  }
}
