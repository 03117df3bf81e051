import type { Kind } from './kinds.ts'
import type { Whereabouts } from './reply.ts'

/** What a peer says of itself over identify. */
export interface Identified {
  readonly agent: string
  readonly protocols: readonly string[]
}

/** Name and value of an IPNS record. */
export interface Resolved {
  readonly path: string
  readonly sequence: number
}

/** A node of any implementation, told what to do in the same words. */
export interface LivePeer {
  readonly kind: Kind
  /** Its peer id, as text. */
  readonly id: string
  /** Where it listens, with its id. */
  readonly addrs: readonly string[]
  connect (other: LivePeer): Promise<void>
  identify (other: LivePeer): Promise<Identified>
  /** How many contacts its routing table holds. */
  tableSize (): Promise<number>
  /** Is that peer in it? */
  hasContact (id: string): Promise<boolean>
  /** The lookup: peer ids, closest first. */
  closest (key: Uint8Array): Promise<string[]>
  /** The addresses at which a peer is found; none: it is not found. */
  findPeer (id: string): Promise<readonly string[]>
  put (key: Uint8Array, value: Uint8Array): Promise<void>
  /** The best value there is. */
  get (key: Uint8Array): Promise<Uint8Array | undefined>
  /** Announce that we provide what has that multihash. */
  provide (hash: Uint8Array): Promise<void>
  findProviders (hash: Uint8Array): Promise<Whereabouts[]>
  /** Make an IPNS record, sign it, put it. Without a name of an earlier one, the name is new. Returns it: the peer id of its key. */
  publish (target: Resolved, name?: string): Promise<string>
  /** Get and check the record of a name. */
  resolve (name: string): Promise<Resolved>
  /** One FIND_NODE to `other`. */
  closestAt (other: LivePeer, key: Uint8Array): Promise<Whereabouts[]>
  /** One PUT_VALUE to `other`. */
  putAt (other: LivePeer, key: Uint8Array, value: Uint8Array): Promise<void>
  /** One GET_VALUE to `other`. */
  valueAt (other: LivePeer, key: Uint8Array): Promise<Uint8Array | undefined>
  /** One GET_PROVIDERS to `other`. */
  providersAt (other: LivePeer, hash: Uint8Array): Promise<Whereabouts[]>
  stop (): Promise<void>
}

/** How a peer is started. */
export interface LivePeerInit {
  /** Only ask. */
  readonly client?: boolean
  /** Its private key, in libp2p's protobuf. Default: a fresh one. */
  readonly key?: Uint8Array
}
