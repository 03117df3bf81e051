import { equals } from 'uint8arrays/equals'
import { startDeadline } from '../../clock/wait.ts'
import { asError, ProtocolViolationError, StreamResetError, TimeoutError } from '../../rpc/errors.ts'
import { dialBackAddrs } from './announce.ts'
import { readHello, writeHello } from './hello-exchange.ts'
import { Mode, Refusal } from './hello.ts'
import { HANDSHAKE_TIMEOUT_MS, MAX_OTHER_ADDRS } from './limits.ts'
import { SocketStream } from './socket-stream.ts'
import { TcpConnection } from './tcp-connection.ts'
import type { Admission } from './admission.ts'
import type { Hello } from './hello.ts'
import type { LibP2PTls } from './tls.ts'
import type { Visitors } from './visitors.ts'
import type { Clock } from '../../clock/clock.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { StreamHandler } from '../../rpc/connection.ts'
import type { Socket } from 'node:net'

export interface AcceptorInit {
  self: Uint8Array
  clock: Clock
  /** Undefined: plain. */
  tls: LibP2PTls | undefined
  admission: Admission
  visitors: Visitors
  hello (protocol: string, raw: Socket): Hello
  /** The connection has been let in. */
  onConnection (connection: TcpConnection): void
}

interface Service {
  handler: StreamHandler
  readonly streams: Set<SocketStream>
}

/**
 * Takes inbound sockets from the first byte to the handler:
 *
 * ```
 * admitted ─> TLS ─> hello read ─> hello answered ─> handler
 *     any step wrong, or all of it past the deadline: reset
 *     not served: hello answered with a refusal ─> ended
 * ```
 */
export class Acceptor {
  readonly #init: AcceptorInit
  readonly #services = new Map<string, Service>()

  constructor (init: AcceptorInit) {
    this.#init = init
  }

  serves (protocol: string): boolean {
    return this.#services.has(protocol)
  }

  handle (protocol: string, handler: StreamHandler): void {
    const service = this.#services.get(protocol)
    if (service == null) {
      this.#services.set(protocol, { handler, streams: new Set() })
    } else {
      service.handler = handler
    }
  }

  unhandle (protocol: string): void {
    const service = this.#services.get(protocol)
    this.#services.delete(protocol)
    service?.streams.forEach(stream => { stream.abort(new StreamResetError(`${protocol} is served no more`)) })
  }

  readonly accept = (raw: Socket): void => {
    const connection = new TcpConnection(raw)
    const ip = raw.remoteAddress
    const place = ip == null ? undefined : this.#init.admission.admit(ip, () => { connection.reset() })
    if (ip == null || place == null) {
      connection.reset()
      return
    }
    connection.onClose(() => { place.leave() })
    this.#init.onConnection(connection)
    this.#receive(connection, ip, place.handshakeDone).catch(() => {
      // a stranger who gets it wrong is cut off and costs no more than that, not even a line of log
      connection.reset()
    })
  }

  async #receive (connection: TcpConnection, ip: string, handshakeDone: () => void): Promise<void> {
    const { admission, clock, tls } = this.#init
    const deadline = startDeadline(clock, HANDSHAKE_TIMEOUT_MS, () => new TimeoutError(`no hello within ${HANDSHAKE_TIMEOUT_MS} ms`))
    deadline.signal.addEventListener('abort', () => { connection.reset() }, { once: true })
    connection.onClose(() => { deadline.clear() })
    try {
      const proven = await tls?.accept(connection).catch((err: unknown) => {
        admission.handshakeFailed(ip, connection.raw.bytesRead)
        throw err
      })
      const hello = await readHello(connection.socket)
      if (!equals(hello.peer, proven ?? hello.peer)) {
        throw new ProtocolViolationError('the hello is from another peer than the certificate')
      }
      this.#answer(connection, hello, ip)
    } finally {
      deadline.clear()
      handshakeDone()
    }
  }

  #answer (connection: TcpConnection, hello: Hello, ip: string): void {
    const { raw, socket } = connection
    const service = this.#services.get(hello.network)
    const refusal = this.#refusal(hello)
    if (service == null || refusal !== Refusal.NONE) {
      const [network = ''] = this.#services.keys()
      writeHello(socket, { ...this.#init.hello(network, raw), refusal })
      connection.end()
      socket.resume()
      connection.resetLater(this.#init.clock)
      return
    }
    writeHello(socket, this.#init.hello(hello.network, raw))
    const addrs = hello.mode === Mode.SERVER ? dialBackAddrs(hello.addrs, hello.peer, ip, MAX_OTHER_ADDRS) : []
    const remote = { id: hello.peer, addrs }
    if (addrs.length > 0) {
      connection.onClose(this.#init.visitors.arrive(hello.network, remote))
    }
    this.#serve(service, connection, remote)
  }

  #refusal ({ network, peer }: Hello): Refusal {
    if (equals(peer, this.#init.self)) {
      return Refusal.SELF
    }
    if (this.#services.has(network)) {
      return Refusal.NONE
    }
    return this.#services.size === 0 ? Refusal.NOT_SERVING : Refusal.OTHER_NETWORK
  }

  #serve (service: Service, connection: TcpConnection, remote: PeerInfo): void {
    const stream = new SocketStream(connection)
    service.streams.add(stream)
    connection.onClose(() => { service.streams.delete(stream) })
    service.handler(stream, remote).then(
      // the handler may have left the stream to somebody who still reads it
      () => { stream.onWriteEnded(() => { connection.resetLater(this.#init.clock) }) },
      (err: unknown) => { stream.abort(asError(err)) }
    )
  }
}
