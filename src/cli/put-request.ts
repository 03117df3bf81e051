import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerDump } from '../dump/peer.ts'
import { UsageError } from './errors.ts'
import { keyDocument } from './key-document.ts'
import { plural } from './plural.ts'
import { requestBytes } from './request-bytes.ts'
import { spreadDocument } from './spread-document.ts'
import type { KeyDocument } from './key-document.ts'
import type { SpreadDocument } from './spread-document.ts'
import type { MutablePutResult } from '../dht/operations/put-mutable.ts'
import type { PutOptions, PutResult } from '../dht/operations/put.ts'
import type { PeerDump } from '../dump/peer.ts'
import type { KadNode } from '../node.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** What is to be put, as JSON: a running node is given it through its folder. Bytes are in base64. */
export interface PutRequest {
  readonly type: 'put'
  readonly kind:
    | { readonly type: 'keyed', readonly key: string }
    | { readonly type: 'immutable' }
    /** `key_pair`: the private key as libp2p's protobuf. */
    | { readonly type: 'mutable', readonly key_pair: string, readonly name: string, readonly cas?: number }
  readonly value: string
  /** Milliseconds that it lives. */
  readonly ttl?: number
  /** Milliseconds that all of it may take. */
  readonly timeout?: number
}

/** What a put did; only a mutable value has a sequence. */
export type Done = PutResult & Partial<Pick<MutablePutResult, 'sequence'>>

/** A put as `--json` tells it. */
export interface PutDocument extends KeyDocument, SpreadDocument {
  readonly sequence: number | null
  /** Bytes of the value. */
  readonly size: number
  readonly stored_at: readonly PeerDump[]
}

/**
 * Do what a request says.
 *
 * @throws {UsageError} it lacks something
 * @throws {Error} as the node does that puts it
 */
export async function performPut (node: KadNode, { kind, value: base64, ttl }: PutRequest, options: PutOptions): Promise<Done> {
  const value = requestBytes('value', base64)
  const how = { ...options, ttl }
  switch (kind?.type) {
    case 'keyed':
      return node.put(kind.key, value, how)
    case 'immutable':
      return node.putImmutable(value, how)
    case 'mutable': {
      // what is no Ed25519 key the node refuses
      const privateKey = privateKeyFromProtobuf(requestBytes('key_pair', kind.key_pair)) as Ed25519PrivateKey
      return node.putMutable(privateKey, { ...how, value, salt: kind.name, cas: kind.cas })
    }
    default:
      kind satisfies never
      throw new UsageError('the request needs a "kind", {"type":"keyed","key":…}, {"type":"immutable"} or {"type":"mutable","key_pair":…,"name":…}')
  }
}

export function putDocument (done: Done, { value }: PutRequest): PutDocument {
  return {
    ...keyDocument(done.key),
    sequence: done.sequence ?? null,
    size: Buffer.byteLength(value, 'base64'),
    stored_at: done.storedAt.map(peerDump),
    ...spreadDocument(done)
  }
}

export function putText ({ key, sequence, size, stored_at: storedAt, failed, hops, ms }: PutDocument): string {
  const version = sequence == null ? '' : `, sequence ${sequence},`
  const but = failed.length === 0 ? '' : `, but not at ${failed.length} that failed`
  return `stored ${plural(size, 'byte')} as ${key}${version} at ${plural(storedAt.length, 'node')}${but} (${plural(hops, 'hop')}, ${ms} ms)`
}
