import { equals } from 'uint8arrays/equals'
import { asError, DialError, StreamResetError, UnsupportedProtocolError } from '../../rpc/errors.ts'
import { decodeAddress, numbersOf } from './address.ts'
import { Dial } from './dial.ts'
import { createStreams } from './stream.ts'
import { Watchers } from './watchers.ts'
import type { Medium } from './medium.ts'
import type { MemoryStream } from './stream.ts'
import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Host, Stream, StreamHandler, Topology } from '../../rpc/connection.ts'
import type { AbortOptions } from '@libp2p/interface'

/** How many addresses of one peer are dialled, one after the other: each may take the whole dial timeout. */
const MAX_DIALLED_ADDRESSES = 8

/** Whom a dial is for: any host, unless `id` is given. */
interface Callee {
  readonly id?: Uint8Array
  readonly protocol: string
}

/** A stream, and the protocol we serve on it: none, if we opened it. */
interface OpenStream {
  readonly stream: MemoryStream
  readonly served?: string
}

/** A host of the in-memory network. Made by {@link MemoryNetwork.createHost}. */
export class MemoryHost implements Host {
  readonly self: PeerInfo
  /** The `<n>` of `/memory/<n>`; also what the network's events call it. */
  readonly number: number
  readonly #medium: Medium
  readonly #handlers = new Map<string, StreamHandler>()
  readonly #streams = new Set<OpenStream>()
  readonly #dials = new Set<{ fail (err: Error): void }>()
  readonly #watchers = new Watchers()

  constructor (medium: Medium, number: number, self: PeerInfo) {
    this.#medium = medium
    this.number = number
    this.self = self
    medium.hosts.set(number, this)
  }

  /** Can it be dialled? */
  get listens (): boolean {
    return this.self.addrs.length > 0
  }

  /** How many streams are open, in either direction. */
  get openStreams (): number {
    return this.#streams.size
  }

  /** Does it have a handler for `protocol`? */
  serves (protocol: string): boolean {
    return this.#handlers.has(protocol)
  }

  /** Open a stream, in one round trip. Each is dialled anew; a dial that nobody answers fails after 10 seconds. */
  async openStream (peer: PeerInfo, protocol: string, options?: AbortOptions): Promise<Stream> {
    let failure: DialError | undefined
    for (const number of numbersOf(peer, MAX_DIALLED_ADDRESSES)) {
      try {
        return await this.#dial<Stream>(number, dial => { this.#open(dial, { id: peer.id, protocol }) }, options?.signal)
      } catch (err) {
        if (!(err instanceof DialError)) {
          throw err
        }
        failure = err
      }
    }
    options?.signal?.throwIfAborted()
    throw new DialError('the peer was not reached at any of its addresses on this in-memory network', { cause: failure })
  }

  async identify (addr: Uint8Array, protocol: string, options?: AbortOptions): Promise<PeerInfo> {
    const address = decodeAddress(addr)
    if (address == null) {
      throw new DialError('this is no address of an in-memory network: it is not /memory/<number>')
    }
    return this.#dial<PeerInfo>(address.number, dial => {
      const callee = this.#meet(dial, { id: address.id, protocol })
      if (callee != null) {
        this.#medium.record('identify', dial.from, dial.to)
        dial.answer(() => { dial.succeed(callee.self) })
      }
    }, options?.signal)
  }

  async handle (protocol: string, handler: StreamHandler): Promise<void> {
    this.#handlers.set(protocol, handler)
  }

  async unhandle (protocol: string): Promise<void> {
    this.#handlers.delete(protocol)
    for (const { stream, served } of this.#streams) {
      if (served === protocol) {
        stream.abort(new StreamResetError(`${protocol} is served no more`))
      }
    }
  }

  watch (protocol: string, topology: Topology): () => void {
    return this.#watchers.add(protocol, topology)
  }

  /** Leave: open streams are reset, and dials to its address refused from now on. */
  async stop (): Promise<void> {
    this.#leave(new StreamResetError('this host has stopped'))
  }

  /** Leave without a word: its streams are silent, and dials to its address get no answer. */
  crash (): void {
    this.#medium.crashed.add(this.number)
    this.#leave(new StreamResetError('this host has crashed'))
  }

  #leave (reason: Error): void {
    this.#medium.hosts.delete(this.number)
    this.#handlers.clear()
    this.#watchers.clear()
    this.#dials.forEach(dial => { dial.fail(new DialError(reason.message)) })
    this.#streams.forEach(({ stream }) => { stream.abort(reason) })
  }

  async #dial <T> (to: number, arrive: (dial: Dial<T>) => void, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted()
    if (this.#medium.hosts.get(this.number) !== this) {
      throw new DialError('this host has stopped: it dials no more')
    }
    if (to === this.number) {
      throw new DialError('this is our own address: we do not dial ourselves')
    }
    const dial = new Dial<T>(this.#medium, this.number, to, arrive)
    const onAbort = (): void => { dial.fail(signal?.reason) }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#dials.add(dial)
    try {
      return await dial.result
    } finally {
      this.#dials.delete(dial)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Our dial has arrived: who is there? A refusal goes back, unless it is the callee. */
  #meet <T> (dial: Dial<T>, callee: Callee): MemoryHost | undefined {
    const host = this.#medium.hosts.get(dial.to)
    const refusal = refusalOf(host, callee)
    if (refusal != null) {
      this.#medium.record('refuse', dial.from, dial.to)
      dial.answer(() => { dial.fail(refusal) })
      return undefined
    }
    return host
  }

  #open (dial: Dial<Stream>, callee: Callee): void {
    const host = this.#meet(dial, callee)
    if (host == null) {
      return
    }
    this.#medium.record('open', dial.from, dial.to)
    const [ours, theirs] = createStreams(this.#medium, dial.from, dial.to)
    this.#keep({ stream: ours })
    ours.whenAccepted(() => { dial.succeed(ours) })
    dial.whenFailed(() => { ours.abort(new StreamResetError('the dial was given up')) })
    host.#serve(theirs, callee.protocol, this)
  }

  /** `remote` has opened a stream to us. */
  #serve (stream: MemoryStream, protocol: string, remote: MemoryHost): void {
    this.#keep({ stream, served: protocol }, remote)
    this.#watchers.opened(remote)
    const peer = remote.serves(protocol) ? remote.self : { id: remote.self.id, addrs: [] }
    const handler = this.#handlers.get(protocol)
    Promise.resolve().then(() => handler?.(stream, peer)).catch((err: unknown) => { stream.abort(asError(err)) })
  }

  #keep (open: OpenStream, dialler?: MemoryHost): void {
    this.#streams.add(open)
    open.stream.whenOver(() => {
      this.#streams.delete(open)
      if (dialler != null) {
        this.#watchers.closed(dialler)
      }
    })
  }
}

/** Why a dial that arrived at `host` is for nothing, if it is. */
function refusalOf (host: MemoryHost | undefined, { id, protocol }: Callee): Error | undefined {
  if (host?.listens !== true) {
    return new DialError('nobody listens at the address')
  }
  if (id != null && !equals(host.self.id, id)) {
    return new DialError('someone else lives at the address')
  }
  return host.serves(protocol) ? undefined : new UnsupportedProtocolError(`the peer does not serve ${protocol}`)
}
