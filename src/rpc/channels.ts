import { hasNewAddr, nameOf } from '../keyspace/contact.ts'
import { Channel } from './channel.ts'
import { StreamResetError } from './errors.ts'
import { FrameBudget } from './frame-budget.ts'
import { ANSWER_TIMEOUT_MS, CLIENT_IDLE_MS, FULL_HOST_SHARE, MAX_CHANNELS, MAX_UNFINISHED_BYTES, MIN_TIMEOUT_MS, OPEN_TIMEOUT_MS } from './limits.ts'
import { Resending } from './resending.ts'
import { ResponseTime } from './response-time.ts'
import type { ChannelOwner } from './channel.ts'
import type { Host, OpenStreamOptions, Stream } from './connection.ts'
import type { Clock } from '../clock/clock.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Frame } from '../wire/frame.ts'

export interface ChannelsInit {
  readonly host: Host
  readonly protocol: string
  readonly clock: Clock
  /** The largest record value accepted in an answer, bytes. */
  readonly maxRecordSize: number
  /** Milliseconds without a request after which a stream is closed. Default: {@link CLIENT_IDLE_MS}. */
  readonly idleMs?: number
  /** Milliseconds below which no deadline adapts. Default: {@link MIN_TIMEOUT_MS}. */
  readonly minTimeout?: number
  /** Milliseconds that an answer may take at the most. Default: {@link ANSWER_TIMEOUT_MS}. */
  readonly maxTimeout?: number
}

/**
 * A channel for each peer that is asked, and what is known of how long they all take.
 *
 * Deadlines follow what was measured: of the peer once it has answered, of the
 * whole network before. A peer that misses its deadline is late, and has until a second one to
 * show that it is slow rather than dead; and the answers that come late are measured, too, lest deadlines follow from
 * those alone who keep them.
 *
 * There are {@link MAX_CHANNELS} at the most, and fewer when the host is full: those that nobody
 * uses are closed then, or somebody waits until one is not used any more.
 */
export class Channels implements ChannelOwner, Iterable<Channel> {
  readonly clock: Clock
  readonly maxRecordSize: number
  readonly idleMs: number
  readonly maxOpenMs: number
  readonly maxTimeout: number
  readonly late = new Set<Channel>()
  readonly unfinished = new FrameBudget(MAX_UNFINISHED_BYTES)
  readonly #init: ChannelsInit
  /** By the name of the peer, least recently used first. */
  readonly #channels = new Map<string, Channel>()
  /** How long it takes to open a stream with a dial before, and without: far from each other. */
  readonly #dialling = new ResponseTime()
  readonly #opening = new ResponseTime()
  readonly #answering = new ResponseTime()
  /** Those that are late to open, or in vain, in whose place the peer is dialled elsewhere. */
  readonly #replaced = new Set<Channel>()
  /** The host is full, and room is being made for all who found it so. */
  #roomMaking: Promise<boolean> | undefined
  readonly #waitingForRoom = new Set<Channel>()
  /** A stream is over, or is not used for now. */
  #onFreed: () => void = () => {}
  /** Those that take no more requests, and are not over yet. */
  readonly #ending = new Set<Channel>()
  #isClosed = false
  readonly #resending = new Resending(peer => new Channel(peer, this.#openingTime(peer), this))
  #opened = 0

  constructor (init: ChannelsInit) {
    this.#init = init
    this.clock = init.clock
    this.maxRecordSize = init.maxRecordSize
    this.idleMs = init.idleMs ?? CLIENT_IDLE_MS
    this.maxOpenMs = init.host.maxOpenMs ?? OPEN_TIMEOUT_MS
    this.maxTimeout = init.maxTimeout ?? ANSWER_TIMEOUT_MS
  }

  /** How many there are. */
  get size (): number {
    return this.#channels.size + this.#replaced.size
  }

  /** How many streams were opened so far. */
  get opened (): number {
    return this.#opened
  }

  [Symbol.iterator] (): Iterator<Channel> {
    return [...this.#channels.values(), ...this.#replaced].values()
  }

  /** The channel to `peer`, if there is one. */
  get (peer: PeerInfo): Channel | undefined {
    return this.#channels.get(nameOf(peer))
  }

  /**
   * The channel to `peer`, which is opened if there is none; or if it is late to open where the peer was said to be before, and now is said to be elsewhere.
   *
   * @throws {StreamResetError} all were closed
   */
  use (peer: PeerInfo): Channel {
    if (this.#isClosed) {
      throw new StreamResetError('the streams were closed')
    }
    const id = nameOf(peer)
    const before = this.#channels.get(id)
    const known = before == null || this.#isVain(before, peer) ? undefined : before
    if (before != null && known == null) {
      this.#replace(before)
    }
    const channel = known ?? new Channel(peer, this.#openingTime(peer), this)
    this.#channels.delete(id)
    this.#channels.set(id, channel)
    if (known == null) { // it is not idle yet: never is the one closed that is asked for
      this.#closeLeastRecentlyUsed()
    }
    return channel
  }

  /** `peer` has answered where it is said to be: to open a stream elsewhere holds up nobody who asks it from now on. */
  found (peer: PeerInfo): void {
    const channel = this.get(peer)
    if (channel != null && isOpeningElsewhere(channel, peer)) {
      this.#replace(channel)
    }
  }

  /** Milliseconds an answer of `peer` usually takes, opening a stream included if there is none. */
  expected (peer: PeerInfo): number {
    const known = this.get(peer)?.expected
    if (known != null) {
      return known
    }
    return (this.#openingTime(peer).expected ?? OPEN_TIMEOUT_MS / 10) + (this.#answering.expected ?? ANSWER_TIMEOUT_MS / 10)
  }

  /** Close them all, and open no more. Resolves when all are over. */
  async close (): Promise<void> {
    this.#isClosed = true
    for (const channel of this) {
      channel.close()
    }
    await Promise.all([this.#resending.close(), ...Array.from(this.#ending, async ({ done }) => done)])
  }

  openTimeout (time: ResponseTime): number {
    return this.#bounded(time.timeout, OPEN_TIMEOUT_MS)
  }

  timeout (time: ResponseTime): number {
    return this.#bounded(time.timeout ?? this.#answering.timeout, this.maxTimeout)
  }

  onAnswer (ms: number): void {
    this.#answering.add(ms)
  }

  onIdle (): void {
    this.#onFreed()
  }

  /** One that opens in the place of which another was being opened elsewhere is that of its peer again. */
  onOpen (channel: Channel): void {
    const other = this.get(channel.peer)
    if (this.#replaced.has(channel) && other?.isOpen !== true) {
      if (other != null) {
        this.#replace(other)
      }
      this.#replaced.delete(channel)
      this.#channels.set(nameOf(channel.peer), channel)
    }
  }

  onLost (channel: Channel, frames: readonly Frame[]): void {
    this.#resending.onLost(channel, frames)
  }

  onClose (channel: Channel): void {
    const id = nameOf(channel.peer)
    if (this.#channels.get(id) === channel) {
      this.#channels.delete(id)
    }
    this.#replaced.delete(channel)
    this.#waitingForRoom.delete(channel)
    this.#ending.add(channel)
    void channel.done.then(() => { this.#ending.delete(channel) })
    this.#onFreed()
  }

  async open (peer: PeerInfo, options: OpenStreamOptions): Promise<Stream> {
    const { host, protocol, clock } = this.#init
    let begun = clock.now()
    const time = this.#openingTime(peer)
    const stream = await host.openStream(peer, protocol, {
      ...options,
      onQueued: isQueued => {
        begun = clock.now()
        options.onQueued?.(isQueued)
      }
    })
    this.#opened++
    time.add(clock.now() - begun)
    return stream
  }

  /** Close some of the streams that nobody uses, or wait until one is not used any more. Resolves with false if none can be. */
  async makeRoom (channel: Channel): Promise<boolean> {
    this.#waitingForRoom.add(channel)
    this.#roomMaking ??= this.#freeStreams().finally(() => { this.#roomMaking = undefined })
    if (!this.#isRoomInSight) {
      this.#onFreed()
    }
    try {
      return await this.#roomMaking
    } finally {
      this.#waitingForRoom.delete(channel)
    }
  }

  async #freeStreams (): Promise<boolean> {
    if (await this.#closeIdle(Math.ceil(this.#channels.size / FULL_HOST_SHARE))) {
      return true
    }
    if (this.#isRoomInSight) {
      await new Promise<void>(resolve => { this.#onFreed = resolve })
    }
    return this.#isRoomInSight
  }

  /** Is there a stream that does not wait for room itself? */
  get #isRoomInSight (): boolean {
    return this.size > this.#waitingForRoom.size
  }

  #replace (channel: Channel): void {
    this.#channels.delete(nameOf(channel.peer))
    this.#replaced.add(channel)
  }

  #isVain (channel: Channel, peer: PeerInfo): boolean {
    return this.late.has(channel) && isOpeningElsewhere(channel, peer)
  }

  #openingTime (peer: PeerInfo): ResponseTime {
    return this.#init.host.isConnected?.(peer) === true ? this.#opening : this.#dialling
  }

  #bounded (ms: number | undefined, max: number): number {
    const { minTimeout = MIN_TIMEOUT_MS } = this.#init
    return ms == null ? max : Math.min(max, Math.max(minTimeout, Math.ceil(ms)))
  }

  #closeLeastRecentlyUsed (): void {
    const excess = this.#channels.size - MAX_CHANNELS
    if (excess > 0) {
      void this.#closeIdle(excess)
    }
  }

  /** Close at most `count` idle streams, the least recently used. Resolves when they are over, with whether there were any. */
  async #closeIdle (count: number): Promise<boolean> {
    const closed: Channel[] = []
    for (const channel of this) {
      if (closed.length === count) {
        break
      }
      if (channel.idle) {
        closed.push(channel)
      }
    }
    closed.forEach(channel => { channel.close() })
    await Promise.all(closed.map(async ({ done }) => done))
    return closed.length > 0
  }
}

/** Is a stream to `peer` being opened without the addresses, or some of them, at which it is said to be now? */
function isOpeningElsewhere (channel: Channel, peer: PeerInfo): boolean {
  return !channel.isOpen && hasNewAddr(peer, channel.peer)
}
