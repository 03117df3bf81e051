import { equals } from 'uint8arrays/equals'
import { startDeadline } from '../../clock/wait.ts'
import { ProtocolViolationError, StreamResetError, TimeoutError } from '../../rpc/errors.ts'
import { dialBackAddrs } from './announce.ts'
import { readHello, writeHello } from './hello-exchange.ts'
import { Mode, Refusal, type Hello } from './hello.ts'
import { HANDSHAKE_TIMEOUT_MS } from './limits.ts'
import { endSocket, resetLater, resetSocket, surviveErrors } from './socket-events.ts'
import { SocketStream } from './socket-stream.ts'
import type { Admission } from './admission.ts'
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
  /** The socket has been let in. */
  onSocket (raw: Socket): void
}

interface Service {
  handler: StreamHandler
  readonly streams: Set<SocketStream>
}

/** A socket after TLS, and whom that proved. */
interface Caller {
  readonly raw: Socket
  readonly socket: Socket
  readonly provenId: Uint8Array | undefined
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
    surviveErrors(raw)
    const ip = raw.remoteAddress
    const place = ip == null ? undefined : this.#init.admission.admit(ip)
    if (ip == null || place == null) {
      resetSocket(raw)
      return
    }
    raw.once('close', () => { place.leave() })
    this.#init.onSocket(raw)
    this.#receive(raw, ip, place.handshakeDone).catch(() => {
      // a stranger who gets it wrong is cut off and costs no more than that, not even a line of log
      resetSocket(raw)
    })
  }

  async #receive (raw: Socket, ip: string, handshakeDone: () => void): Promise<void> {
    const { clock, tls } = this.#init
    const deadline = startDeadline(clock, HANDSHAKE_TIMEOUT_MS, () => new TimeoutError(`no hello within ${HANDSHAKE_TIMEOUT_MS} ms`))
    const onDeadline = (): void => { resetSocket(raw) }
    deadline.signal.addEventListener('abort', onDeadline, { once: true })
    try {
      const secured = await tls?.accept(raw)
      const caller = { raw, socket: secured?.socket ?? raw, provenId: secured?.id }
      const hello = await readHello(caller.socket)
      if (!equals(hello.peer, caller.provenId ?? hello.peer)) {
        throw new ProtocolViolationError('the hello is from another peer than the certificate')
      }
      deadline.clear()
      this.#answer(caller, hello, ip)
    } finally {
      deadline.clear()
      handshakeDone()
    }
  }

  #answer (caller: Caller, hello: Hello, ip: string): void {
    const { raw, socket } = caller
    const service = this.#services.get(hello.network)
    const refusal = this.#refusal(hello)
    if (service == null || refusal !== Refusal.NONE) {
      const [network = ''] = this.#services.keys()
      writeHello(socket, { ...this.#init.hello(network, raw), refusal })
      endSocket(socket, raw)
      socket.resume()
      resetLater(raw, this.#init.clock)
      return
    }
    writeHello(socket, this.#init.hello(hello.network, raw))
    const addrs = hello.mode === Mode.SERVER ? dialBackAddrs(hello.addrs, hello.peer, ip) : []
    const remote = { id: hello.peer, addrs }
    if (addrs.length > 0) {
      raw.once('close', this.#init.visitors.arrive(hello.network, remote))
    }
    this.#serve(service, new SocketStream(socket, raw), raw, remote)
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

  #serve (service: Service, stream: SocketStream, raw: Socket, remote: PeerInfo): void {
    service.streams.add(stream)
    raw.once('close', () => { service.streams.delete(stream) })
    service.handler(stream, remote).then(
      // the handler may have left the stream to somebody else, but nobody holds it open for writing
      () => { stream.onWriteEnded(() => { resetLater(raw, this.#init.clock) }) },
      (err: unknown) => { stream.abort(err instanceof Error ? err : new Error(String(err))) }
    )
  }
}
