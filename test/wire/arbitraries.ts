import fc from '../helpers/fast-check.ts'
import { utf8 } from './fixtures.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { ValueRecord } from '../../src/record/record.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

/** Runs print their seed when they fail; this one makes them all the same. */
export const SEED = 20260101

export const MAX_RECORD_SIZE = 512

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength })

/** Ids of all three kinds. */
export const peerIds: fc.Arbitrary<Uint8Array> = fc.oneof(
  bytes(32, 32).map(digest => Uint8Array.of(0x12, 32, ...digest)),
  bytes(32, 32).map(key => Uint8Array.of(0, 36, 8, 1, 0x12, 32, ...key)),
  bytes(32, 32).map(x => Uint8Array.of(0, 37, 8, 2, 0x12, 33, 2 + (x[0] & 1), ...x))
)

export const peers: fc.Arbitrary<PeerInfo> = fc.record({ id: peerIds, addrs: fc.array(bytes(0, 40), { maxLength: 6 }) })

const peerLists = fc.uniqueArray(peers, { maxLength: 25, selector: ({ id }) => String(id) })

const valueKeys = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), bytes(1, 40)).map(([namespace, rest]) => Uint8Array.of(...utf8(`/${namespace}/`), ...rest))

const multihashes = bytes(1, 80)

const records: fc.Arbitrary<ValueRecord> = fc.record({
  key: valueKeys,
  value: bytes(0, MAX_RECORD_SIZE),
  timeReceived: fc.integer({ min: 0, max: 4_000_000_000_000 })
}, { requiredKeys: ['key', 'value'] })

/** Legal requests, an ADD_PROVIDER with one provider: who sends it. */
export const requests: fc.Arbitrary<Request> = fc.oneof(
  fc.constant<Request>({ type: 'ping' }),
  bytes(1, 60).map((target): Request => ({ type: 'find-node', target })),
  valueKeys.map((key): Request => ({ type: 'get-value', key })),
  records.map((record): Request => ({ type: 'put-value', record })),
  multihashes.map((key): Request => ({ type: 'get-providers', key })),
  fc.tuple(multihashes, peers).map(([key, provider]): Request => ({ type: 'add-provider', key, providers: [provider] }))
)

/** Legal exchanges. */
export const exchanges: fc.Arbitrary<[Request, Response]> = fc.oneof(
  fc.constant<[Request, Response]>([{ type: 'ping' }, { type: 'ping' }]),
  peerLists.map((closer): [Request, Response] => [{ type: 'find-node', target: utf8('x') }, { type: 'find-node', closer }]),
  fc.tuple(records, peerLists).map(([record, closer]): [Request, Response] => [{ type: 'get-value', key: record.key }, { type: 'get-value', key: record.key, record, closer }]),
  fc.tuple(valueKeys, peerLists).map(([key, closer]): [Request, Response] => [{ type: 'get-value', key }, { type: 'get-value', key, closer }]),
  records.map((record): [Request, Response] => [{ type: 'put-value', record }, { type: 'put-value', record }]),
  fc.tuple(multihashes, peerLists, peerLists).map(([key, providers, closer]): [Request, Response] => [{ type: 'get-providers', key }, { type: 'get-providers', key, providers, closer }])
)
