import { freeBytes } from '../../iteration/free-bytes.ts'
import { StreamResetError } from '../../rpc/errors.ts'
import { SocketReadHalf } from './socket-read-half.ts'
import { SocketWriteHalf } from './socket-write-half.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Stream } from '../../rpc/connection.ts'
import type { Socket } from 'node:net'

/**
 * A socket as a {@link Stream}.
 *
 * Each direction is open until its end, and both until a reset:
 *
 * ```
 *            the peer ended, all read          our source ended
 *   source: ───────────────────────> done     sink: ──────────> finished
 *      any ── abort, error or early close ──> failed (both)
 * ```
 */
export class SocketStream implements Stream {
  readonly source: SocketReadHalf
  readonly sink: Stream['sink']
  readonly #writing: SocketWriteHalf
  readonly #connection: TcpConnection
  readonly #socket: Socket
  #failure: Error | undefined
  readonly #ended = new Set<() => void>()

  /** @param connection - allows half-open */
  constructor (connection: TcpConnection) {
    const { socket } = connection
    this.#connection = connection
    this.#socket = socket
    this.source = new SocketReadHalf(socket)
    this.#writing = new SocketWriteHalf(connection, err => { this.abort(err) })
    this.sink = this.#writing.sink
    socket.on('error', err => { this.#fail(new StreamResetError(`the stream was reset: ${err.message}`, { cause: err })) })
    socket.on('close', () => {
      if (!socket.readableEnded || !socket.writableFinished) {
        this.#fail(new StreamResetError('the stream was reset'))
      }
    })
    socket.once('finish', () => {
      this.#ended.forEach(task => { task() })
      this.#ended.clear()
    })
  }

  /** The IP address at the other end, while there is one. */
  get remoteIp (): string | undefined {
    return this.#connection.raw.remoteAddress
  }

  /** Has our write half ended? */
  get writeEnded (): boolean {
    return this.#socket.writableFinished
  }

  /** Has the other side sent or ended anything that nobody has read yet, or reset it? */
  get isTouched (): boolean {
    return this.source.isTouched || this.#failure != null
  }

  /** Call `task` when our write half has ended, at once if it has. */
  onWriteEnded (task: () => void): void {
    if (this.writeEnded) {
      task()
    } else {
      this.#ended.add(task)
    }
  }

  abort (err: Error): void {
    if (this.#isOver) {
      return
    }
    this.#fail(err)
    this.#connection.reset()
  }

  release (bytes: Uint8Array): void {
    freeBytes(bytes)
  }

  /** End our half and read no more. The other side may take {@link LINGER_MS} to end, too. */
  close (clock: Clock): void {
    this.#connection.end()
    this.source.leave()
    this.#connection.resetLater(clock)
  }

  get #isOver (): boolean {
    return this.#failure != null || (this.source.isOver && this.#socket.writableFinished)
  }

  #fail (err: Error): void {
    if (this.#failure != null) {
      return
    }
    this.#failure = err
    this.source.fail(err)
    this.#writing.fail(err)
    this.#ended.clear()
  }
}
