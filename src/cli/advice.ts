import { DialError, ProtocolViolationError, StreamResetError, UnsupportedProtocolError } from '../rpc/errors.ts'
import { errnoOf, isSystemError } from './errors.ts'

/** What to do about errors whose message alone does not say it, by name. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['DialError', 'is a node running there, with the same --security?'],
  ['TimeoutError', 'is a node running there, and not stuck? --timeout gives it longer'],
  ['ProtocolViolationError', 'what runs there is no kadmium node, or has another --security'],
  ['InvalidMessageError', 'what runs there is no kadmium node'],
  ['NoPeersError', 'start a node there with "kadmium start", or give the --bootstrap of one that runs'],
  ['ValueNotFoundError', 'check the key; values are kept for 24 hours, or as long as their --ttl, unless put again'],
  ['RemotePlainError', 'as a flag that is --allow-remote-plain'],
  ['RefusedError', 'they may allow less than this value, keep no more, have a newer one, or find its date wrong: is the clock of this machine right?'],
  ['StreamResetError', 'the node may allow less than this value; ask another']
])

/** The same, by the code of the system error that it was for. */
const ADVICE_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['ENOTFOUND', 'no machine has that name: check it, or give an IP address'],
  ['EAI_AGAIN', 'names cannot be looked up now: try again, or give an IP address'],
  ['ENETUNREACH', 'there is no way to that network: is this machine connected?'],
  ['EHOSTUNREACH', 'there is no way to that machine: is it, and are we, connected?']
])

/** The same, of what the system refused us: files and folders. */
const ADVICE_BY_LOCAL_CODE: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'is the folder still there that this was started in?'],
  ['ENOSPC', 'make room on that disk'],
  ['EMFILE', 'raise the limit of open files: ulimit -n']
])

/** What a connection ends with whose other end expects TLS, or none. */
const RESET = /^(ECONNRESET|EPROTO|ERR_SSL_\w+)$/

/** What went wrong and what to do, on one line. */
export function problemText (err: unknown): string {
  if (!(err instanceof Error)) {
    return oneLine(String(err))
  }
  if (isSystemError(err)) {
    return oneLine(`${err.message}; ${ADVICE_BY_LOCAL_CODE.get(errnoOf(err) ?? '') ?? 'this machine is in the way'}`)
  }
  const advice = adviceFor(err)
  return oneLine(advice == null ? err.message : `${err.message}; ${advice}`)
}

function adviceFor (err: Error): string | undefined {
  const { name, cause } = err
  if (cause instanceof UnsupportedProtocolError) {
    return undefined // the answer of another network already says what to do
  }
  if (name === 'NoPeersError' && cause instanceof Error && isOfSomebody(cause)) {
    return adviceFor(cause)
  }
  if (name === 'DialError' && cause instanceof DialError) {
    return 'check the address, or leave /p2p/… out to take whoever is there'
  }
  if (name === 'RefusedError' && !(cause instanceof StreamResetError)) {
    return undefined // they were not reached, or too slow
  }
  if (name === 'ValueNotFoundError' && cause != null) {
    return undefined // there is one, and why it is not valid has been said
  }
  return ADVICE_BY_CODE.get(systemCodeOf(cause) ?? '') ?? ADVICE.get(name)
}

/** Did somebody accept, so that to start a node there is no advice? */
function isOfSomebody (err: Error): boolean {
  const { name, cause } = err
  return name === 'TimeoutError' || (name === 'DialError' && (cause instanceof DialError || cause instanceof ProtocolViolationError || RESET.test(systemCodeOf(cause) ?? '')))
}

/** The code of the system error that `err` is, or was caused by. */
function systemCodeOf (err: unknown): string | undefined {
  return errnoOf(err) ?? (err instanceof Error ? systemCodeOf(err.cause) : undefined)
}

function oneLine (text: string): string {
  return text.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ').trim().replace(/\.$/, '')
}
