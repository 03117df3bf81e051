import { asError, StreamResetError } from '../../rpc/errors.ts'
import { SocketReadHalf } from './socket-read-half.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Stream } from '../../rpc/connection.ts'
import type { Source } from 'it-stream-types'
import type { Socket } from 'node:net'
import type { Uint8ArrayList } from 'uint8arraylist'

type Chunk = Uint8Array | Uint8ArrayList
type AnyIterator<T> = Iterator<T> | AsyncIterator<T>

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
 *
 * Writes of one turn of the event loop are corked into one system call, and into one
 * TLS record if they fit.
 */
export class SocketStream implements Stream {
  readonly source: SocketReadHalf
  readonly #connection: TcpConnection
  readonly #socket: Socket
  #failure: Error | undefined
  #corked = false
  #failWriter: ((err: Error) => void) | undefined
  readonly #ended = new Set<() => void>()

  /** @param connection - allows half-open */
  constructor (connection: TcpConnection) {
    const { socket } = connection
    this.#connection = connection
    this.#socket = socket
    this.source = new SocketReadHalf(socket)
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

  /** Has the other side sent, ended or reset anything since we made this stream? */
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

  readonly sink = async (source: Source<Chunk>): Promise<void> => {
    const iterator = iteratorOf(source)
    try {
      await new Promise<void>((resolve, reject) => {
        if (this.#failure != null) {
          throw this.#failure
        }
        this.#failWriter = reject
        this.#writeAll(iterator).then(resolve, reject)
      })
    } catch (err) {
      // when the source threw, this is the reset; otherwise it changes nothing
      this.abort(asError(err))
      releaseIterator(iterator)
      throw err
    }
  }

  abort (err: Error): void {
    if (this.#isOver) {
      return
    }
    this.#fail(err)
    this.#connection.reset()
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
    this.#failWriter?.(err)
    this.#ended.clear()
  }

  async #writeAll (iterator: AnyIterator<Chunk>): Promise<void> {
    for (;;) {
      const { done, value } = await iterator.next()
      if (this.#failure != null) {
        return // the sink has heard of it
      }
      if (done === true) {
        return this.#end()
      }
      if (!this.#write(value)) {
        await new Promise(resolve => { this.#socket.once('drain', resolve) })
      }
    }
  }

  /** @returns whether the peer reads as fast as we write; if not, wait until it drains */
  #write (chunk: Chunk): boolean {
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      // runs when every socket that can be read now has been, and its readers have had their say
      setImmediate(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    if (chunk instanceof Uint8Array) {
      return this.#socket.write(chunk)
    }
    let more = true
    for (const part of chunk) {
      more = this.#socket.write(part)
    }
    return more
  }

  async #end (): Promise<void> {
    if (this.#socket.writableFinished) {
      return
    }
    if (this.#socket.writableLength > 0) {
      // until all is with the kernel, an abort must still be able to reset, which it cannot during a shutdown
      await new Promise<void>(resolve => { this.#socket.write(new Uint8Array(0), () => { resolve() }) })
    }
    await new Promise<void>(resolve => {
      this.#socket.once('finish', resolve)
      this.#connection.end()
    })
  }
}

function iteratorOf <T> (source: Source<T>): AnyIterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** Let go of a source without waiting: it may be busy, and its own failure is of no more interest. */
function releaseIterator (iterator: AnyIterator<unknown>): void {
  Promise.resolve(iterator.return?.()).catch(() => { /* see above */ })
}
