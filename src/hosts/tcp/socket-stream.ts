import { Uint8ArrayList } from 'uint8arraylist'
import { StreamResetError } from '../../rpc/errors.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Clock } from '../../clock/clock.ts'
import type { Stream } from '../../rpc/connection.ts'
import type { Source } from 'it-stream-types'
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
 *
 * Reading leaves at most the socket's high-water mark (64 KiB) in memory. Writes of
 * one turn of the event loop are corked into one system call, and into one TLS record
 * if they fit.
 */
export class SocketStream implements Stream {
  readonly source: AsyncGenerator<Uint8ArrayList>
  readonly #connection: TcpConnection
  readonly #socket: Socket
  #failure: Error | undefined
  #corked = false
  /** Has the socket ever had something to read, be it the end? */
  #isTouched = false
  #wakeReader: (() => void) | undefined
  #failWriter: ((err: Error) => void) | undefined
  readonly #ended = new Set<() => void>()

  /** @param connection - allows half-open */
  constructor (connection: TcpConnection) {
    const { socket } = connection
    this.#connection = connection
    this.#socket = socket
    this.source = this.#read()
    socket.on('readable', this.#onReadable)
    socket.on('end', this.#onReadable)
    socket.on('error', err => { this.#fail(new StreamResetError(`the stream was reset: ${err.message}`, { cause: err })) })
    socket.on('close', () => {
      if (!this.#isOver) {
        this.#fail(new StreamResetError('the stream was reset'))
      }
      this.#wakeReader?.()
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
    return this.#isTouched || this.#failure != null || this.#socket.readableLength > 0
  }

  /** Call `task` when our write half has ended, at once if it has. */
  onWriteEnded (task: () => void): void {
    if (this.writeEnded) {
      task()
    } else {
      this.#ended.add(task)
    }
  }

  readonly sink = async (source: Source<Uint8Array | Uint8ArrayList>): Promise<void> => {
    const iterator = iteratorOf(source)
    try {
      for (;;) {
        const { done, value } = await this.#unlessFailed(iterator.next())
        if (done === true) {
          break
        }
        const written = this.#write(value)
        if (written != null) {
          await this.#unlessFailed(written)
        }
      }
      await this.#unlessFailed(this.#end())
    } catch (err) {
      // when the source threw, this is the reset; otherwise it changes nothing
      this.abort(err instanceof Error ? err : new Error(String(err)))
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
    this.#discard()
    this.#connection.resetLater(clock)
  }

  get #isOver (): boolean {
    return this.#failure != null || (this.#socket.readableEnded && this.#socket.writableFinished)
  }

  #fail (err: Error): void {
    if (this.#failure != null) {
      return
    }
    this.#failure = err
    this.#wakeReader?.()
    this.#failWriter?.(err)
    this.#ended.clear()
  }

  async * #read (): AsyncGenerator<Uint8ArrayList> {
    try {
      for (;;) {
        if (this.#failure != null) {
          throw this.#failure
        }
        const chunk: Uint8Array | null = this.#socket.read()
        if (chunk != null) {
          yield new Uint8ArrayList(chunk)
        } else if (this.#socket.readableEnded) {
          return
        } else {
          await new Promise<void>(resolve => { this.#wakeReader = resolve })
          this.#wakeReader = undefined
        }
      }
    } finally {
      this.#discard()
    }
  }

  readonly #onReadable = (): void => {
    this.#isTouched = true
    this.#wakeReader?.()
  }

  /** Nobody reads any more: what still comes is dropped, so that the end is noticed. */
  #discard (): void {
    this.#socket.off('readable', this.#onReadable)
    this.#socket.resume()
  }

  /** @returns something to wait for, when the peer reads slower than we write */
  #write (chunk: Uint8Array | Uint8ArrayList): Promise<void> | undefined {
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      // runs when every promise that is ready now has been heard: pipelined frames go out together
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    let more = true
    for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
      more = this.#socket.write(part)
    }
    return more ? undefined : new Promise(resolve => { this.#socket.once('drain', resolve) })
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

  /** Settle as `work` does, but fail as soon as the stream does. */
  async #unlessFailed <T> (work: T | Promise<T>): Promise<T> {
    if (this.#failure != null) {
      Promise.resolve(work).catch(() => { /* the stream has failed before: that is what is told */ })
      throw this.#failure
    }
    return new Promise((resolve, reject) => {
      this.#failWriter = reject
      Promise.resolve(work).then(resolve, reject)
    })
  }
}

type AnyIterator<T> = Iterator<T> | AsyncIterator<T>

function iteratorOf <T> (source: Source<T>): AnyIterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** Let go of a source without waiting: it may be busy, and its own failure is of no more interest. */
function releaseIterator (iterator: AnyIterator<unknown>): void {
  Promise.resolve(iterator.return?.()).catch(() => { /* see above */ })
}
