import { decodeRecord } from '../../../src/wire/wire-record.ts'
import { PROTOCOL } from '../node.ts'
import type { End } from './kinds.ts'
import type { LivePeer, LivePeerInit, Identified, Resolved } from './live-peer.ts'
import type { Program } from './program.ts'
import type { Reply, Whereabouts } from './reply.ts'

/** What others put before `/kad/1.0.0`. */
const PREFIX = PROTOCOL.replace(/\/kad\/1\.0\.0$/, '')

/** How many requests came in, and, where the program tells, on how many streams. */
export interface InboundCounts {
  /** By type, in the words of the wire: `FIND_NODE`. */
  readonly requests: ReadonlyMap<string, number>
  /** By the peer id of who opened them. */
  readonly streams: ReadonlyMap<string, number>
}

/** A node of another implementation, in a program of its own. */
export class ExternalPeer implements LivePeer {
  readonly kind
  readonly id: string
  readonly addrs: readonly string[]
  readonly #program: Program
  readonly #name: string

  private constructor (program: Program, name: string, { peer, addrs }: Whereabouts) {
    this.kind = program.kind
    this.id = peer
    this.addrs = addrs
    this.#program = program
    this.#name = name
  }

  static async start (program: Program, { client = false, key }: LivePeerInit = {}): Promise<ExternalPeer> {
    const name = crypto.randomUUID()
    const reply = await program.ask(name, 'start', { protocol: PREFIX, client, key })
    return new ExternalPeer(program, name, { peer: reply.text('peer'), addrs: reply.texts('addrs') })
  }

  async connect (other: LivePeer): Promise<void> {
    await this.#ask('connect', { addr: other.addrs[0] })
  }

  async identify (other: LivePeer): Promise<Identified> {
    const reply = await this.#ask('identify', { peer: other.id })
    return { agent: reply.text('agent'), protocols: reply.texts('protocols') }
  }

  /** The peer ids in its routing table. */
  async table (): Promise<string[]> {
    return (await this.#ask('table')).texts('peers')
  }

  async tableSize (): Promise<number> {
    return (await this.table()).length
  }

  async hasContact (id: string): Promise<boolean> {
    return (await this.table()).includes(id)
  }

  async counts (): Promise<InboundCounts> {
    const reply = await this.#ask('counts')
    return { requests: reply.numbers('requests'), streams: reply.numbers('streams') }
  }

  /** End all streams on which others asked. */
  async endStreams (how: End): Promise<void> {
    await this.#ask('endStreams', { how })
  }

  async closest (key: Uint8Array): Promise<string[]> {
    return (await this.#ask('closest', { key })).texts('peers')
  }

  async findPeer (id: string): Promise<readonly string[]> {
    return (await this.#ask('findPeer', { peer: id })).texts('addrs')
  }

  async put (key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#ask('put', { key, value })
  }

  async get (key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#ask('get', { key })).bytes('value')
  }

  async provide (hash: Uint8Array): Promise<void> {
    await this.#ask('provide', { hash })
  }

  async findProviders (hash: Uint8Array): Promise<Whereabouts[]> {
    return (await this.#ask('findProviders', { hash })).peers('providers')
  }

  async publish ({ path, sequence }: Resolved, name = ''): Promise<string> {
    return (await this.#ask('publish', { path, sequence, name })).text('name')
  }

  async resolve (name: string): Promise<Resolved> {
    const reply = await this.#ask('resolve', { name })
    return { path: reply.text('path'), sequence: reply.number('sequence') }
  }

  async closestAt (other: LivePeer, key: Uint8Array): Promise<Whereabouts[]> {
    return (await this.#ask('closestAt', { peer: other.id, key })).peers('peers')
  }

  async putAt (other: LivePeer, key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#ask('putAt', { peer: other.id, key, value })
  }

  async valueAt (other: LivePeer, key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#ask('getAt', { peer: other.id, key })).bytes('value')
  }

  /** The milliseconds that the record which `other` answers has left to live, as it tells. */
  async lifeAt (other: LivePeer, key: Uint8Array): Promise<number | undefined> {
    const reply = await this.#ask('getAt', { peer: other.id, key })
    const record = reply.bytes('record') // of those who have no name for it
    return record == null ? reply.number('ttl') * 1000 : decodeRecord(record, key, record.byteLength).ttl
  }

  async providersAt (other: LivePeer, hash: Uint8Array): Promise<Whereabouts[]> {
    return (await this.#ask('providersAt', { peer: other.id, hash })).peers('providers')
  }

  async stop (): Promise<void> {
    await this.#ask('stop')
  }

  async #ask (operation: string, args?: Parameters<Program['ask']>[2]): Promise<Reply> {
    return this.#program.ask(this.#name, operation, args)
  }
}
