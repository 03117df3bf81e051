import { UnsupportedProtocolError } from '../rpc/errors.ts'

/** What to do about errors whose message alone does not say it, by name. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['DialError', 'is a node running there, with the same --security?'],
  ['TimeoutError', 'is a node running there? --timeout gives it longer'],
  ['ProtocolViolationError', 'what runs there is no kadmium node, or has another --security'],
  ['InvalidMessageError', 'what runs there is no kadmium node'],
  ['NoPeersError', 'start a node there with "kadmium start", or give the --bootstrap of one that runs'],
  ['ValueNotFoundError', 'check the key; values are kept for 24 hours, or as long as their --ttl, unless put again'],
  ['StreamResetError', 'the node may allow less than this value; ask another']
])

/** What went wrong and what to do, on one line. */
export function problemText (err: unknown): string {
  if (!(err instanceof Error)) {
    return oneLine(String(err))
  }
  // the answer of another network already says what to do
  const advice = err.cause instanceof UnsupportedProtocolError ? undefined : ADVICE.get(err.name)
  return oneLine(advice == null ? err.message : `${err.message}; ${advice}`)
}

function oneLine (text: string): string {
  return text.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ').trim().replace(/\.$/, '')
}
