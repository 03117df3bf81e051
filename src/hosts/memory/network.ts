import { encodeAddress } from './address.ts'
import { MemoryHost } from './host.ts'
import { Medium } from './medium.ts'
import { Random } from './random.ts'
import type { NetworkEvent } from './event.ts'
import type { Latency, NetworkCounters } from './medium.ts'
import type { Clock } from '../../clock/clock.ts'

/**
 * An Ed25519 PeerId up to its key: identity multihash (0x00) of 36 bytes, which are the
 * protobuf of a public key: type (field 1) 1 = Ed25519, data (field 2) of 32 bytes.
 *
 * https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md#peer-ids
 */
const ED25519_PEER_ID = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
const ED25519_KEY_LENGTH = 32

/** Makes the ids' seed another one than that of latency and loss. */
const ID_SEED = 0x1d5eed

/** What a {@link MemoryNetwork} is like. */
export interface MemoryNetworkInit {
  /** A `VirtualClock`, unless the network is to be as slow as a real one. */
  clock: Clock
  /** What ids, latencies and losses are drawn from: the lowest 32 bits count. Default: 0 */
  seed?: number | undefined
  /** Milliseconds one way. Default: 0 */
  latency?: Latency | undefined
  /** How probable it is that a dial, its answer or a message is lost: 0 … 1. Default: 0 */
  loss?: number | undefined
  /** Told of all that happens. */
  log?(event: NetworkEvent): void
}

/** What a host of a {@link MemoryNetwork} is like. */
export interface MemoryHostInit {
  /** The multihash of its PeerId. Default: one of an Ed25519 key, drawn from the seed; nobody has the private key */
  id?: Uint8Array | undefined
  /** Can it be dialled? If not, it has no address. Default: true */
  listen?: boolean | undefined
}

/** A network of hosts in one process. */
export class MemoryNetwork {
  readonly #medium: Medium
  readonly #ids: Random
  #made = 0

  constructor (init: MemoryNetworkInit) {
    const { clock, seed = 0, latency = 0, loss = 0, log } = init
    this.#medium = new Medium({ clock, seed, latency, loss, log })
    this.#ids = new Random(seed ^ ID_SEED)
  }

  /** What has been sent so far. */
  get counters (): Readonly<NetworkCounters> {
    return this.#medium.counters
  }

  /** Make a host. It has the address `/memory/<n>`, counted from 0, and keeps it to itself for ever. */
  createHost (init: MemoryHostInit = {}): MemoryHost {
    const number = this.#made++
    const addrs = init.listen === false ? [] : [encodeAddress(number)]
    return new MemoryHost(this.#medium, number, { id: init.id ?? this.#drawId(), addrs })
  }

  /**
   * Part the hosts into sides: from one side to another nothing arrives, and streams
   * that lost something stay silent even after {@link MemoryNetwork.heal}. The hosts in
   * none of `sides` make up one more. A partition replaces the one before.
   */
  partition (sides: ReadonlyArray<Iterable<MemoryHost>>): void {
    this.#medium.sides = new Map(sides.flatMap((hosts, side) => Array.from(hosts, host => [host.number, side] as const)))
  }

  /** Let everybody reach everybody again. */
  heal (): void {
    this.partition([])
  }

  /** Stop all hosts, and drop what is under way. */
  async stop (): Promise<void> {
    await Promise.all(Array.from(this.#medium.hosts.values(), async host => host.stop()))
    this.#medium.stop()
  }

  #drawId (): Uint8Array {
    return Uint8Array.from([...ED25519_PEER_ID, ...this.#ids.bytes(ED25519_KEY_LENGTH)])
  }
}

/**
 * Make a network in memory, where hosts are cheap (thousands fit into a process) and
 * time, distance and bad luck are what you say. With a `VirtualClock`, the same seed
 * and the same work give the same run, event for event.
 *
 * Bytes are handed over as they are, not copied: do not write into what you have sent.
 *
 * @example
 *
 * ```typescript
 * import { createMemoryNetwork, VirtualClock } from 'kadmium/memory'
 *
 * const clock = new VirtualClock()
 * const network = createMemoryNetwork({ clock, seed: 1, latency: [20, 80] })
 * const alice = network.createHost()
 * const bob = network.createHost()
 *
 * await clock.run((async () => {
 *   await bob.handle('/echo/1.0.0', async stream => stream.sink(stream.source))
 *   const stream = await alice.openStream(bob.self, '/echo/1.0.0')
 *   await stream.sink([Uint8Array.from([1, 2, 3])])
 *   for await (const chunk of stream.source) {
 *     console.info(chunk.subarray()) // 1, 2, 3
 *   }
 *   await network.stop()
 * })())
 * ```
 */
export function createMemoryNetwork (init: MemoryNetworkInit): MemoryNetwork {
  return new MemoryNetwork(init)
}
