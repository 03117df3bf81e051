import type { Stream } from '@libp2p/interface'

/** What is used here of a stream of `@libp2p/yamux`, beyond libp2p's interface. */
interface YamuxStream extends Stream {
  /** Bytes of the receive window. */
  readonly recvWindow: number
  /** Bytes of it that the sender may still use. */
  readonly recvWindowCapacity: number
  /** Grant no more window, until further notice. What comes is read on. */
  sendPause (): void
  /** Grant the whole window, now and after each message. */
  sendResume (): void
}

/**
 * Grants yamux' receive window when half of it is used, as go-yamux does. Left to
 * itself, `@libp2p/yamux` grants it after each message, in a message of its own, with
 * a round of encryption and a write: as many as the requests and answers themselves.
 *
 * Call it from within a stream's `message` event: yamux grants right after.
 */
export function grantWindow (stream: Stream): void {
  if (!isYamux(stream) || stream.readStatus !== 'readable') {
    return // another muxer has no window, or another way; and a paused stream is granted none
  }
  if (stream.recvWindowCapacity >= stream.recvWindow / 2) {
    stream.sendPause()
    return
  }
  try {
    stream.sendResume()
  } catch (err) {
    // nobody is there to be told: the connection is going down, and the stream with it
    stream.log('could not grant window - %e', err)
  }
}

function isYamux (stream: Stream): stream is YamuxStream {
  return 'recvWindow' in stream && 'recvWindowCapacity' in stream && 'sendPause' in stream && 'sendResume' in stream
}
