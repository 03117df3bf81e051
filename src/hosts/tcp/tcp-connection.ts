import { LINGER_MS } from './limits.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/**
 * A TCP socket, from connect to close, and TLS around it from the moment there is.
 *
 * Knows how to take the two down: Node.js has pitfalls there that lose bytes, leak
 * sockets or crash the process.
 */
export class TcpConnection {
  /** The TCP socket. Nobody else ends or destroys it. */
  readonly raw: Socket
  #tls: TLSSocket | undefined
  #isShuttingDown = false

  constructor (raw: Socket) {
    this.raw = raw
    surviveErrors(raw)
  }

  /** What to read from and write to. */
  get socket (): Socket {
    return this.#tls ?? this.raw
  }

  /** Bytes that came and were no data: what TLS itself takes. */
  get overhead (): number {
    return this.raw.bytesRead - this.socket.bytesRead
  }

  /** From now on everything goes through `tls`, which wraps {@link raw}. */
  wrap (tls: TLSSocket): void {
    surviveErrors(tls)
    this.#tls = tls
  }

  onClose (task: () => void): void {
    this.raw.once('close', task)
  }

  /**
   * End our half.
   *
   * Node.js drops what has arrived on a TLS socket but not been decrypted when its
   * write half ends. Records that came together are decrypted one by one, with our
   * code running in between: so the end waits for the next turn of the event loop,
   * when all of them are through. And for one more, lest it overtake a reset that is
   * on its way to us: what is written then takes the error, and we read a clean end.
   */
  end (): void {
    if (this.#tls == null) {
      this.#end()
    } else {
      setImmediate(() => { setImmediate(() => { this.#end() }) })
    }
  }

  /** Take the connection down so that the other side sees a reset rather than an end. */
  reset (): void {
    const { raw } = this
    if (raw.destroyed) {
      return
    }
    // libuv refuses to reset during a shutdown, and Node.js then leaks the socket
    const destroy = raw.connecting || this.#isShuttingDown ? () => raw.destroy() : () => raw.resetAndDestroy()
    if (this.#tls == null) {
      destroy()
      return
    }
    // a TLS socket destroyed after the one it wraps crashes Node.js, so it goes first; it
    // takes the other along by its `destroy`, which would end rather than reset it
    const original = raw.destroy
    raw.destroy = () => {
      raw.destroy = original
      return destroy()
    }
    this.#tls.destroy()
    if (!raw.destroyed) {
      raw.destroy()
    }
  }

  /** Reset unless the other side closes within {@link LINGER_MS}. For when our half is over. */
  resetLater (clock: Clock): void {
    if (!this.raw.destroyed) {
      this.onClose(clock.schedule(LINGER_MS, () => { this.reset() }))
    }
  }

  #end (): void {
    const { socket } = this
    if (socket.writableEnded || socket.destroyed) {
      return
    }
    this.#isShuttingDown = true
    socket.once('finish', () => { this.#isShuttingDown = false })
    socket.end()
  }
}

/**
 * An error event that nobody listens to ends the process. Those who wait for a
 * socket hear of its errors by listeners of their own.
 */
function surviveErrors (socket: Socket): void {
  socket.on('error', () => {})
}
