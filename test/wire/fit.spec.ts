import { expect } from 'aegir/chai'
import { decodeResponse, encodeRequest, encodeResponse } from '../../src/wire/codec.ts'
import { MAX_ANSWER_BYTES } from '../../src/wire/limits.ts'
import fc from '../helpers/fast-check.ts'
import { bytes, message, peer, TYPE } from '../helpers/protobuf.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { SEED } from './arbitraries.ts'
import { multihash, peerA, utf8, valueKey } from './fixtures.ts'
import { plainPeer } from './plain.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Response } from '../../src/wire/rpc.ts'

function peerOf (n: number, addrCount: number, addrBytes: number): PeerInfo {
  const id = peerA.id.slice()
  id.set([n >>> 8, n & 0xff], id.byteLength - 2)
  return { id, addrs: Array.from({ length: addrCount }, (_, i) => new Uint8Array(addrBytes).fill(i)) }
}

function peersOf (count: number, addrCount: number, addrBytes: number): PeerInfo[] {
  return Array.from({ length: count }, (_, n) => peerOf(n, addrCount, addrBytes))
}

/** An answer to FIND_NODE with nothing left out. */
function wholeAnswer (closer: PeerInfo[]): Uint8Array {
  return bytes(message.type(TYPE.findNode), ...closer.map(({ id, addrs }) => message.closer(peer(id, addrs))))
}

function sentTo (response: Extract<Response, { type: 'get-value' }>): { frame: Uint8Array, closer: PeerInfo[] } {
  const frame = encodeResponse(response)
  const read = decodeResponse(frame, { type: 'get-value', key: response.key })
  return { frame, closer: read.closer.map(plainPeer) }
}

describe('answers below 16 KiB', () => {
  it('leaves an answer whole that is a byte below, and no other', () => {
    const withAddr = (size: number): PeerInfo[] => [...peersOf(19, 4, 100), { id: peerOf(19, 0, 0).id, addrs: [new Uint8Array(100), new Uint8Array(size)] }]
    const rest = wholeAnswer(withAddr(1000)).byteLength - 1000
    for (let total = MAX_ANSWER_BYTES - 3; total < MAX_ANSWER_BYTES + 3; total++) {
      const closer = withAddr(total - rest)
      const whole = wholeAnswer(closer)
      expect(whole).to.have.lengthOf(total)
      const sent = encodeResponse({ type: 'find-node', closer })
      if (total < MAX_ANSWER_BYTES) {
        expect(sent).to.equalBytes(whole)
      } else {
        expect(sent.byteLength).to.be.lessThan(MAX_ANSWER_BYTES)
      }
    }
  })

  it('drops the last addresses of all peers alike, before any peer', () => {
    const response = { type: 'get-value', key: valueKey, closer: peersOf(20, 30, 60) } as const
    const { frame, closer } = sentTo(response)
    expect(frame.byteLength).to.be.lessThan(MAX_ANSWER_BYTES)
    expect(closer.map(({ id }) => id)).to.deep.equal(response.closer.map(({ id }) => id))
    const counts = new Set(closer.map(({ addrs }) => addrs.length))
    expect([...counts]).to.deep.equal([12]) // 20 × (40 + 2 + 12 × 62) fits, 13 would not
    expect(closer[0].addrs).to.deep.equal(response.closer[0].addrs.slice(0, 12))
  })

  it('cuts those who have many addresses, not those who have few', () => {
    const { closer } = sentTo({ type: 'get-value', key: valueKey, closer: [...peersOf(10, 2, 60), ...peersOf(20, 100, 60).slice(10)] })
    expect(closer.slice(0, 10).map(({ addrs }) => addrs.length)).to.deep.equal(new Array(10).fill(2))
    expect(closer).to.have.lengthOf(20)
    expect(closer[10].addrs.length).to.be.greaterThan(15)
  })

  it('drops peers from the end when one address each is too much', () => {
    const { frame, closer } = sentTo({ type: 'get-value', key: valueKey, closer: peersOf(20, 3, 1000) })
    expect(frame.byteLength).to.be.lessThan(MAX_ANSWER_BYTES)
    expect(closer).to.deep.equal(peersOf(15, 1, 1000))
  })

  it('keeps a peer that fits to the byte', () => {
    const withAddr = (size: number): PeerInfo[] => [{ id: peerA.id, addrs: [new Uint8Array(size)] }]
    const first = withAddr(16_000 + MAX_ANSWER_BYTES - 1 - wholeAnswer(withAddr(16_000)).byteLength)
    expect(wholeAnswer(first)).to.have.lengthOf(MAX_ANSWER_BYTES - 1)
    expect(encodeResponse({ type: 'find-node', closer: [...first, peerOf(1, 0, 0)] })).to.equalBytes(wholeAnswer(first))
  })

  it('drops providers before closer peers', () => {
    const closer = peersOf(20, 2, 40)
    const frame = encodeResponse({ type: 'get-providers', key: multihash, providers: peersOf(500, 2, 40), closer })
    const read = decodeResponse(frame, { type: 'get-providers', key: multihash })
    expect(frame.byteLength).to.be.within(MAX_ANSWER_BYTES - 200, MAX_ANSWER_BYTES - 1)
    expect(read.closer).to.have.lengthOf(20)
    expect(read.providers).to.have.lengthOf(40)
    expect(plainPeer(read.providers[0])).to.deep.equal(peerOf(0, 1, 40))
  })

  it('counts the value', () => {
    const record = { key: valueKey, value: new Uint8Array(10_000) }
    const { frame, closer } = sentTo({ type: 'get-value', key: valueKey, record, closer: peersOf(20, 30, 60) })
    expect(frame.byteLength).to.be.within(MAX_ANSWER_BYTES - 20 * 64, MAX_ANSWER_BYTES - 1)
    expect(closer).to.have.lengthOf(20)
    expect(closer[0].addrs).to.have.lengthOf(4)
  })

  it('sends a value that is larger, with its peers', () => {
    const record = { key: valueKey, value: new Uint8Array(50_000).fill(3) }
    const { frame, closer } = sentTo({ type: 'get-value', key: valueKey, record, closer: peersOf(20, 2, 40) })
    expect(frame.byteLength).to.be.greaterThan(50_000)
    expect(closer).to.deep.equal(peersOf(20, 2, 40))
    const crowded = encodeResponse({ type: 'get-value', key: valueKey, record, closer: peersOf(20, 100, 60) })
    expect(crowded.byteLength).to.be.lessThan(50_000 + 100 + MAX_ANSWER_BYTES)
  })

  it('keeps an ADD_PROVIDER small too', () => {
    const frame = encodeRequest({ type: 'add-provider', key: multihash, providers: [peerOf(0, 1000, 60)] })
    expect(frame.byteLength).to.be.within(MAX_ANSWER_BYTES - 64, MAX_ANSWER_BYTES - 1)
  })

  it('stays below, whatever the peers', () => {
    const lists = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 400 })), { maxLength: 60 })
    fc.assert(fc.property(lists, lists, fc.nat({ max: 60 }), (closer, providers, keyBytes) => {
      const build = (list: Array<[number, number]>): PeerInfo[] => list.map(([addrCount, addrBytes], n) => peerOf(n, addrCount, addrBytes))
      const frame = encodeResponse({ type: 'get-providers', key: utf8('k'.repeat(keyBytes + 1)), closer: build(closer), providers: build(providers) })
      expect(frame.byteLength).to.be.lessThan(MAX_ANSWER_BYTES)
    }), { seed: SEED, numRuns: repetitions(300) })
  })
})
