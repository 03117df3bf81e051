import { lookup } from 'node:dns'
import { connect, isIPv4 } from 'node:net'
import { equals } from 'uint8arrays/equals'
import { sharedController } from '../../clock/shared-controller.ts'
import { startDeadline } from '../../clock/wait.ts'
import { DialError, HostFullError, isFull, LimitError, TimeoutError, UnsupportedProtocolError } from '../../rpc/errors.ts'
import { formatAddress, isLoopback, parseEndpoint } from './address.ts'
import { OURSELVES, RemotePlainError } from './errors.ts'
import { checkAnswer, readHello, writeHello } from './hello-exchange.ts'
import { peerIdText } from './identity.ts'
import { DIAL_TIMEOUT_MS, MAX_DIALLED_ADDRS } from './limits.ts'
import { NameQueue } from './name-queue.ts'
import { race } from './race.ts'
import { nextEvent } from './socket-events.ts'
import { SocketStream } from './socket-stream.ts'
import { codeOf } from './system-error.ts'
import { TcpConnection } from './tcp-connection.ts'
import type { Endpoint } from './address.ts'
import type { Admission } from './admission.ts'
import type { Hello } from './hello.ts'
import type { NamesOfDial } from './name-queue.ts'
import type { LibP2PTls } from './tls.ts'
import type { Clock } from '../../clock/clock.ts'
import type { OpenStreamOptions } from '../../rpc/connection.ts'
import type { LookupFunction, Socket } from 'node:net'

/** A socket whose other end has proven who it is and serves us. */
export interface Dialled {
  readonly stream: SocketStream
  readonly id: Uint8Array
  readonly hello: Hello
  /** The address that led there. */
  readonly addr: Uint8Array
}

export interface DiallerInit {
  self: Uint8Array
  clock: Clock
  /** Undefined: plain. */
  tls: LibP2PTls | undefined
  allowRemotePlain: boolean
  admission: Admission
  /** What we say of ourselves to whom is at the other end. */
  hello (protocol: string, raw: Socket): Hello
  /** There is a connection from now on. */
  onConnection (connection: TcpConnection): void
}

export interface DialRequest extends OpenStreamOptions {
  addrs: readonly Uint8Array[]
  protocol: string
  /** Who must answer; undefined: whoever does. */
  id?: Uint8Array
}

/** Opens sockets to peers and finds out whether it is them. */
export class Dialler {
  readonly #init: DiallerInit
  readonly #closed = sharedController()
  readonly #names = new NameQueue()

  constructor (init: DiallerInit) {
    this.#init = init
  }

  /** Stop every dial under way and refuse further ones. */
  close (): void {
    this.#closed.abort(new DialError('this host has stopped'))
  }

  /**
   * @throws {DialError} nobody answered in {@link DIAL_TIMEOUT_MS}, or someone else
   * @throws {UnsupportedProtocolError} the peer answered and does not serve the protocol
   * @throws {HostFullError} this process can open no more sockets
   * @throws {LimitError} this machine has no port free to dial from
   * @throws {Error} the signal's reason
   */
  async dial (request: DialRequest): Promise<Dialled> {
    const { addrs, id, signal } = request
    signal?.throwIfAborted()
    this.#closed.signal.throwIfAborted()
    const tried = addrs.slice(0, MAX_DIALLED_ADDRS)
    const name = id == null ? 'a peer' : peerIdText(id)
    if (id != null && equals(id, this.#init.self)) {
      throw new DialError(`${name} is ourselves`)
    }
    if (tried.length === 0) {
      throw new DialError(`no address of ${name} is known`)
    }
    const { clock } = this.#init
    // whom no id is known of, somebody here has asked for: only the names of others come from strangers
    const names = id == null ? undefined : this.#names.forDial()
    const deadline = startDeadline(clock, DIAL_TIMEOUT_MS, () => new TimeoutError(`no answer within ${DIAL_TIMEOUT_MS} ms`), signal, this.#closed.signal)
    try {
      return await race(tried.map(addr => async (signal, onConnected) => this.#attempt(addr, request, names, signal, onConnected)), {
        clock,
        signal: deadline.signal,
        isVerdict: err => err instanceof UnsupportedProtocolError,
        discard: ({ stream }) => { stream.abort(new Error('another address was faster')) }
      })
    } catch (err) {
      signal?.throwIfAborted()
      throw err instanceof AggregateError ? dialError(name, tried, err) : err
    } finally {
      deadline.clear()
    }
  }

  async #attempt (addr: Uint8Array, request: DialRequest, names: NamesOfDial | undefined, signal: AbortSignal, onConnected: () => void): Promise<Dialled> {
    const endpoint = parseEndpoint(addr)
    this.#checkAllowed(addr, endpoint, request.id)
    const { host, port, family } = endpoint
    const connection = new TcpConnection(connect({ host, port, lookup: ofFamily(family, names?.(signal)), allowHalfOpen: true, noDelay: true }))
    this.#init.onConnection(connection)
    const onAbort = (): void => { connection.reset() }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await nextEvent(connection.raw, 'connect')
      onConnected()
      return { addr, ...await this.#greet(connection, request, request.id ?? endpoint.id) }
    } catch (err) {
      connection.reset()
      signal.throwIfAborted()
      throw nameAddress(err, addr)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #greet (connection: TcpConnection, { protocol, early }: DialRequest, expected: Uint8Array | undefined): Promise<Omit<Dialled, 'addr'>> {
    const { self, tls, admission } = this.#init
    const { remoteAddress: ip } = connection.raw
    if (ip == null) {
      throw new DialError('it closed the connection')
    }
    if (admission.isKeptOut(ip)) {
      throw new DialError('too much was sent from there in or after handshakes that came to nothing: it is left alone for a while')
    }
    const proven = await tls?.dial(connection).catch((err: unknown) => {
      admission.handshakeFailed(ip, connection.raw.bytesRead)
      throw err
    })
    if (proven != null) {
      checkPeer(proven, expected, self)
    }
    writeHello(connection.socket, this.#init.hello(protocol, connection.raw), early?.())
    const hello = await readHello(connection.socket)
    checkPeer(hello.peer, proven ?? expected, self)
    checkAnswer(hello, protocol)
    return { stream: new SocketStream(connection), id: hello.peer, hello }
  }

  #checkAllowed (addr: Uint8Array, endpoint: Endpoint, id: Uint8Array | undefined): void {
    if (id != null && endpoint.id != null && !equals(id, endpoint.id)) {
      throw new DialError('that address is of another peer')
    }
    if (endpoint.port === 0) {
      throw new DialError('nobody can be dialled at port 0')
    }
    if (this.#init.tls == null && !this.#init.allowRemotePlain && !isLoopback(endpoint)) {
      throw new RemotePlainError(formatAddress(addr))
    }
  }
}

/** Looks up the addresses of one version of IP, if any. Told of it, Node.js would try the first of them only. */
function ofFamily (family: Endpoint['family'], look: LookupFunction = lookup): LookupFunction {
  return (name, options, callback) => { look(name, { ...options, family: family ?? options.family }, callback) }
}

function checkPeer (id: Uint8Array, expected: Uint8Array | undefined, self: Uint8Array): void {
  if (equals(id, self)) {
    throw new DialError(OURSELVES)
  }
  if (expected != null && !equals(id, expected)) {
    throw new DialError(`${peerIdText(id)} is there instead`)
  }
}

/** An answer of the peer itself is told as it is, with the address that it came from. */
function nameAddress (err: unknown, addr: Uint8Array): unknown {
  return err instanceof UnsupportedProtocolError ? new UnsupportedProtocolError(`${formatAddress(addr)}: ${err.message}`) : err
}

function dialError (name: string, addrs: readonly Uint8Array[], cause: AggregateError): Error {
  const errors: unknown[] = cause.errors
  const full = errors.find(isFull)
  if (full != null) {
    return new HostFullError(`could not reach ${name}: this process can open no more sockets (${codeOf(full)}): raise its limit of open files, "ulimit -n"`, { cause: full })
  }
  if (errors.some(isOutOfPorts)) {
    return new LimitError(`could not reach ${name}: this machine has no port free to dial from (EADDRNOTAVAIL): close what holds them, or widen their range, on Linux net.ipv4.ip_local_port_range`, { cause })
  }
  const reasons = addrs.map((addr, i) => `${printable(addr)}: ${i in errors ? reasonOf(errors[i]) : 'not tried in time'}`)
  return new DialError(`could not reach ${name}: ${reasons.join('; ')}`, { cause: errors.length === 1 ? errors[0] : cause })
}

/** Of IPv6 the same code may say that this machine has no address to dial from: others may be reached over IPv4. */
function isOutOfPorts (err: unknown): boolean {
  return codeOf(err) === 'EADDRNOTAVAIL' && err instanceof Error && 'address' in err && isIPv4(String(err.address))
}

function printable (addr: Uint8Array): string {
  try {
    return formatAddress(addr)
  } catch {
    return `${addr.byteLength} bytes that are no multiaddr`
  }
}

/** The code of a system error says it all, and its message would repeat the address. */
function reasonOf (err: unknown): string {
  if (err instanceof AggregateError && err.errors.length > 0) {
    return reasonOf(err.errors[0])
  }
  if (err instanceof Error) {
    return 'code' in err && typeof err.code === 'string' ? err.code : err.message
  }
  return String(err)
}
