import { createHash } from 'node:crypto'
import { until } from '../converge.ts'
import { ExternalPeer } from './external-peer.ts'
import { idBytes, OurClient } from './our-client.ts'
import { OurPeer } from './our-peer.ts'
import { Program } from './program.ts'
import type { BuiltPeer } from './built.ts'
import type { ExternalKind, Kind } from './kinds.ts'
import type { LivePeer, LivePeerInit } from './live-peer.ts'
import type { OurPeerInit } from './our-peer.ts'

export interface LiveNetworkInit {
  /** Arguments for a program. Default: none, so that all is as its library has it. */
  argsOf? (kind: ExternalKind): readonly string[]
  /** Milliseconds without a request after which our client closes a stream. Default: as on libp2p networks. */
  readonly clientIdleMs?: number
}

/** Peers of several kinds that know each other. */
export class LiveNetwork {
  /** The servers. */
  readonly peers: LivePeer[] = []
  /** Those who only ask. */
  readonly clients: LivePeer[] = []
  readonly #programs: ReadonlyMap<ExternalKind, Program>
  readonly #clientIdleMs: number | undefined
  #client: OurClient | undefined

  constructor (built: readonly BuiltPeer[], { argsOf = () => [], clientIdleMs }: LiveNetworkInit = {}) {
    this.#programs = new Map(built.map(peer => [peer.kind, new Program(peer, argsOf(peer.kind))]))
    this.#clientIdleMs = clientIdleMs
  }

  get kinds (): Kind[] {
    return ['ours', ...this.#programs.keys()]
  }

  /** Sends single requests for ours. */
  async client (): Promise<OurClient> {
    this.#client ??= await OurClient.start(this.#clientIdleMs)
    return this.#client
  }

  program (kind: ExternalKind): Program {
    const program = this.#programs.get(kind)
    if (program == null) {
      throw new Error(`no program of ${kind} runs here`)
    }
    return program
  }

  async startOurs (init?: OurPeerInit): Promise<OurPeer> {
    return this.#keep(await OurPeer.start(await this.client(), init), init)
  }

  async startExternal (kind: ExternalKind, init?: LivePeerInit): Promise<ExternalPeer> {
    return this.#keep(await ExternalPeer.start(this.program(kind), init), init)
  }

  async start (kind: Kind, init?: LivePeerInit): Promise<LivePeer> {
    return kind === 'ours' ? this.startOurs(init) : this.startExternal(kind, init)
  }

  /** Start `count` servers of each kind in turn; each connects to two that are there. Resolves when all know their neighbours. */
  async grow (count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      for (const kind of this.kinds) {
        const there = this.peers.slice(-2)
        const peer = await this.start(kind)
        for (const other of there) {
          await peer.connect(other)
        }
      }
    }
    await this.converge()
  }

  /** Start one node of each kind that only asks. */
  async addClients (): Promise<void> {
    for (const kind of this.kinds) {
      const client = await this.start(kind, { client: true })
      for (const server of this.peers.slice(0, 2)) {
        await client.connect(server)
      }
    }
  }

  /** Have all look themselves up until every routing table holds all others, or k of them, and then those nearest. */
  async converge (): Promise<void> {
    const lacking: LivePeer[] = []
    await until('every routing table is filled', async () => {
      lacking.splice(0)
      for (const peer of this.peers) {
        if (await peer.tableSize() < Math.min(this.peers.length - 1, 20)) {
          lacking.push(peer)
        }
      }
      return lacking.length === 0
    }, async () => { await lookThemselvesUp(lacking) })
    await lookThemselvesUp(this.peers)
  }

  /** The servers of ours. */
  get ours (): OurPeer[] {
    return this.peers.filter(peer => peer instanceof OurPeer)
  }

  /** The servers of another kind. */
  external (kind: ExternalKind): ExternalPeer[] {
    return this.peers.filter(peer => peer instanceof ExternalPeer).filter(peer => peer.kind === kind)
  }

  of (kind: Kind): LivePeer[] {
    return this.peers.filter(peer => peer.kind === kind)
  }

  /** The first server of that kind. */
  one (kind: Kind): LivePeer {
    return first(this.peers, kind)
  }

  /** The client of that kind: it stores nothing for others, so that what it gets came over the network. */
  clientOf (kind: Kind): LivePeer {
    return first(this.clients, kind)
  }

  /** The `count` servers closest to SHA-256 of `key` by brute force, closest first, without `asker`. */
  trulyClosest (asker: LivePeer, key: Uint8Array, count = 20): string[] {
    return closestOf(this.peers.filter(peer => peer !== asker).map(({ id }) => id), key, count)
  }

  async stop (): Promise<void> {
    await Promise.all([...this.of('ours'), ...this.clients.filter(({ kind }) => kind === 'ours')].map(async peer => { await peer.stop() }))
    await this.#client?.stop()
    await Promise.all([...this.#programs.values()].map(async program => { await program.stop() }))
  }

  #keep<P extends LivePeer> (peer: P, init?: LivePeerInit): P {
    (init?.client === true ? this.clients : this.peers).push(peer)
    return peer
  }
}

/** The `count` of `ids` closest to SHA-256 of `key`, closest first. */
export function closestOf (ids: readonly string[], key: Uint8Array, count = 20): string[] {
  const target = sha256(key)
  return ids
    .map(id => ({ id, distance: sha256(idBytes(id)).map((byte, index) => byte ^ target[index]) }))
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .slice(0, count)
    .map(({ id }) => id)
}

async function lookThemselvesUp (peers: readonly LivePeer[]): Promise<void> {
  for (const peer of peers) {
    await peer.closest(idBytes(peer.id))
  }
}

function first (peers: readonly LivePeer[], kind: Kind): LivePeer {
  const peer = peers.find(peer => peer.kind === kind)
  if (peer == null) {
    throw new Error(`there is no node of ${kind}`)
  }
  return peer
}

function sha256 (bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
