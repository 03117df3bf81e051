import { fromString } from 'uint8arrays/from-string'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { ValueRecord } from '../../src/record/record.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

/*
 * Messages as @libp2p/kad-dht 16.4.5 encodes them: its `Message.encode` of the type, key,
 * record (a `Libp2pRecord` of @libp2p/record, serialized), closer and providers shown
 * beside each, nothing else set. js-codec.node.ts does the same with the version installed.
 */

export function hex (text: string): Uint8Array {
  return new Uint8Array(fromString(text, 'base16'))
}

export function utf8 (text: string): Uint8Array {
  return new Uint8Array(fromString(text))
}

/** 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq at /ip4/203.0.113.7/tcp/4001 and /ip6/2001:db8::7/udp/4001/quic-v1 */
export const peerA: PeerInfo = {
  id: hex('0024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e'),
  addrs: [hex('04cb007107060fa1'), hex('2920010db800000000000000000000000791020fa1cd03')]
}

/** QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N at /dns4/example.com/tcp/443/wss */
export const peerB: PeerInfo = {
  id: hex('12209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b9'),
  addrs: [hex('360b6578616d706c652e636f6d0601bbde03')]
}

export const valueKey = utf8('/kv/greeting')
export const multihash = hex(`1220${'09'.repeat(32)}`)

/** Received on 2024-02-29T12:34:56.789Z. */
export const record: ValueRecord = { key: valueKey, value: utf8('hello'), timeReceived: 1_709_210_096_789 }

export interface RequestFixture { readonly request: Request, readonly bytes: Uint8Array }

export interface ResponseFixture { readonly request: Request, readonly response: Response, readonly bytes: Uint8Array }

export const requests = {
  ping: { request: { type: 'ping' }, bytes: hex('0805') },
  findNode: { request: { type: 'find-node', target: peerA.id }, bytes: hex('080412260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e') },
  getValue: { request: { type: 'get-value', key: valueKey }, bytes: hex('0801120c2f6b762f6772656574696e67') },
  putValue: { request: { type: 'put-value', record }, bytes: hex('120c2f6b762f6772656574696e671a350a0c2f6b762f6772656574696e67120568656c6c6f2a1e323032342d30322d32395431323a33343a35362e3738393030303030305a') },
  getProviders: { request: { type: 'get-providers', key: multihash }, bytes: hex('0803122212200909090909090909090909090909090909090909090909090909090909090909') },
  addProvider: { request: { type: 'add-provider', key: multihash, providers: [peerA] }, bytes: hex('08021222122009090909090909090909090909090909090909090909090909090909090909094a4b0a260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e120804cb007107060fa112172920010db800000000000000000000000791020fa1cd03') }
} satisfies Record<string, RequestFixture>

export const responses = {
  ping: {
    request: requests.ping.request,
    response: { type: 'ping' },
    bytes: hex('0805')
  },
  peers: {
    request: requests.findNode.request,
    response: { type: 'find-node', closer: [peerA, peerB] },
    bytes: hex('0804424b0a260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e120804cb007107060fa112172920010db800000000000000000000000791020fa1cd0342380a2212209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b91212360b6578616d706c652e636f6d0601bbde03')
  },
  value: {
    request: requests.getValue.request,
    response: { type: 'get-value', key: valueKey, record, closer: [peerB] },
    bytes: hex('0801120c2f6b762f6772656574696e671a350a0c2f6b762f6772656574696e67120568656c6c6f2a1e323032342d30322d32395431323a33343a35362e3738393030303030305a42380a2212209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b91212360b6578616d706c652e636f6d0601bbde03')
  },
  noValue: {
    request: requests.getValue.request,
    response: { type: 'get-value', key: valueKey, closer: [peerA] },
    bytes: hex('0801120c2f6b762f6772656574696e67424b0a260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e120804cb007107060fa112172920010db800000000000000000000000791020fa1cd03')
  },
  stored: {
    request: requests.putValue.request,
    response: { type: 'put-value', record },
    bytes: hex('120c2f6b762f6772656574696e671a350a0c2f6b762f6772656574696e67120568656c6c6f2a1e323032342d30322d32395431323a33343a35362e3738393030303030305a')
  },
  providers: {
    request: requests.getProviders.request,
    response: { type: 'get-providers', key: multihash, providers: [peerA], closer: [peerB] },
    bytes: hex('080312221220090909090909090909090909090909090909090909090909090909090909090942380a2212209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b91212360b6578616d706c652e636f6d0601bbde034a4b0a260024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e120804cb007107060fa112172920010db800000000000000000000000791020fa1cd03')
  }
} satisfies Record<string, ResponseFixture>
