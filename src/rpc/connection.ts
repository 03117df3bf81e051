import type { PeerInfo } from '../keyspace/contact.ts'
import type { AbortOptions } from '@libp2p/interface'
import type { Duplex, Source } from 'it-stream-types'
import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * A two-way stream of bytes to one peer.
 *
 * - `source` yields what the peer sends and ends when the peer closes its write half.
 * It reads only as fast as it is consumed (backpressure). It throws when the
 * stream is reset. Leaving the loop early does not reset the stream.
 * - `sink(source)` writes all of `source`, no faster than the peer reads, then closes
 * our write half; the peer may still answer. It rejects when the stream is reset
 * or `source` throws (which resets the stream, as does a second source).
 * - `abort(err)` resets both directions at once: `source` and `sink` throw `err`,
 * the peer's throw an error of its own. Harmless when the stream is over.
 */
export interface Stream extends Duplex<AsyncGenerator<Uint8ArrayList>, Source<Uint8Array | Uint8ArrayList>, Promise<void>> {
  /** Reset both directions at once. */
  abort (err: Error): void

  /**
   * What `source` yielded as `bytes`, or a part of it, has been copied, and is read no more. A host whose streams own
   * the memory of what they yield may use it again at once. Others leave this out.
   */
  release? (bytes: Uint8Array): void
}

/**
 * Serves one inbound stream. `remote.id` is who asks; `remote.addrs` are where it
 * says it listens (none, if it serves nobody). When the promise rejects, the host
 * resets the stream with that error.
 */
export type StreamHandler = (stream: Stream, remote: PeerInfo) => Promise<void>

/** How {@link Host.openStream} opens a stream. */
export interface OpenStreamOptions extends AbortOptions {
  /**
   * What may be sent before the peer has said whether it serves us, which saves a round trip. A host that
   * can do so calls it for each address that it tries, once the peer there has proven who it is, and
   * sends what it returns as the first bytes of the stream. Other hosts never call it, and the sink brings all.
   */
  early? (): Uint8Array | undefined
  /**
   * A host that lets dials wait for their turn says so, with true and later with false: that time is
   * nobody's fault, and counts against no deadline. Other hosts never call it.
   */
  onQueued? (isQueued: boolean): void
}

/** Told of peers that serve a protocol. */
export interface Topology {
  /** A peer that serves the protocol has connected to us. It has proven its id, not yet that it can be dialled. */
  onConnect (peer: PeerInfo): void
  /** Its last connection is gone. */
  onDisconnect (peer: PeerInfo): void
  /** It is still connected, but does not serve the protocol any more. A host that cannot know never calls it. */
  onUnsupported? (peer: PeerInfo): void
}

/**
 * All that the DHT asks of whatever carries its bytes. libp2p, raw TCP and the
 * in-memory network implement it and pass the same compliance suite
 * (`test/compliance`).
 */
export interface Host {
  /** Who we are and where we listen; the addresses may change while running. */
  readonly self: PeerInfo

  /**
   * Milliseconds that it may take to open a stream, if more than 5,000: a peer that takes longer than that, or than is
   * usual, is late, but not dead before. A host that dials all addresses of a peer at once leaves this out.
   */
  readonly maxOpenMs?: number

  /**
   * Open a new stream to `peer`, dialling one of `peer.addrs` unless connected.
   *
   * @throws {DialError} none of its addresses answered, or someone else did; or it is ourselves
   * @throws {UnsupportedProtocolError} the peer does not serve `protocol`
   * @throws {HostFullError} no stream can be opened until others are closed; the DHT closes some that it
   * has no use for, and calls again
   * @throws the signal's reason, when aborted
   */
  openStream (peer: PeerInfo, protocol: string, options?: OpenStreamOptions): Promise<Stream>

  /**
   * Can a stream to `peer` be opened without dialling it first? A host that dials for
   * each stream leaves this out.
   */
  isConnected? (peer: PeerInfo): boolean

  /**
   * Where a peer listens that is connected with us, whatever it serves, as it says itself;
   * nowhere, if it is not, or has not said. A host that meets only servers leaves this out.
   */
  addrsOf? (id: Uint8Array): readonly Uint8Array[]

  /**
   * The public key of a peer, as libp2p's protobuf; undefined if we never met it. Ourselves we know. A host
   * whose peers' ids are their keys leaves this out.
   */
  publicKeyOf? (id: Uint8Array): Promise<Uint8Array | undefined>

  /**
   * Find out who serves `protocol` at a binary multiaddr. If the address ends in
   * `/p2p/<id>`, the peer must prove to be that one.
   *
   * @throws as {@link Host.openStream}
   */
  identify (addr: Uint8Array, protocol: string, options?: AbortOptions): Promise<PeerInfo>

  /** Serve `protocol`. One handler a protocol: a second replaces the first. */
  handle (protocol: string, handler: StreamHandler): Promise<void>

  /** Serve it no more: new streams are refused, those open are reset. */
  unhandle (protocol: string): Promise<void>

  /** Be told when {@link Host.self} has an address that it had not before. Returns the way to stop that. A host that stays where it is leaves this out. */
  watchAddrs? (onChange: () => void): () => void

  /** Be told of peers that serve `protocol`. Returns the way to stop that. */
  watch (protocol: string, topology: Topology): () => void
}
