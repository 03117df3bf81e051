import { asError, DialError, isFull, LimitError, UnsupportedProtocolError } from '../../rpc/errors.ts'
import type { Connection } from '@libp2p/interface'

/** What libp2p says, by the name of its errors, when a connection can carry no more streams. */
const LOST = new Set(['ConnectionClosedError', 'ConnectionClosingError', 'MuxerClosedError'])

/** Has `connection` turned out to be dead? */
export function isLost (connection: Connection, err: unknown): boolean {
  return connection.status !== 'open' || LOST.has(asError(err).name)
}

/** Did libp2p not even try, since too many others are to be dialled? */
export function isQueueFull (err: unknown): boolean {
  return asError(err).message === 'Dial queue is full'
}

/** No connection to `peer`: libp2p's error as one of ours. */
export function asDialError (err: unknown, peer: string): Error {
  if (err instanceof DialError) {
    return err
  }
  if (failuresOf(err).some(isFull)) {
    return new LimitError(`${peer} cannot be reached: this process can open no more sockets (${reasonOf(err)}): raise its limit of open files, or lower libp2p's connectionManager.maxConnections`, { cause: err })
  }
  if (isQueueFull(err)) {
    return new LimitError(`${peer} was not dialled: too many others are (connectionManager.maxDialQueueLength of libp2p). Try again`, { cause: err })
  }
  return new DialError(`${peer} cannot be reached: ${reasonOf(err)}. Check that it runs, and that its addresses are current and of a transport we have`, { cause: err })
}

/** A connection to `peer` but no stream of `protocol`: libp2p's error as one of ours. */
export function asStreamError (err: unknown, peer: string, protocol: string): Error {
  switch (asError(err).name) {
    case 'UnsupportedProtocolError':
      return new UnsupportedProtocolError(`${peer} does not serve ${protocol}: it is on another network, or a client`, { cause: err })
    case 'TooManyOutboundProtocolStreamsError':
      return new LimitError(`too many streams of ${protocol} are open to ${peer}: end some, or raise maxOutboundStreams`, { cause: err })
    case 'LimitedConnectionError':
      return new DialError(`${peer} is reached through a relay only, with limits: it needs a direct address, or we runOnLimitedConnection`, { cause: err })
    default:
      return new DialError(`${peer} was reached, but no stream could be opened: ${reasonOf(err)}. Try again`, { cause: err })
  }
}

/** Of several addresses that failed, the first says most: the best is dialled first. */
function reasonOf (err: unknown): string {
  return asError(failuresOf(err)[0]).message
}

function failuresOf (err: unknown): unknown[] {
  return err instanceof AggregateError && err.errors.length > 0 ? err.errors : [err]
}
