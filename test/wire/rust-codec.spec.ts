import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { usableAddrs } from '../../src/wire/address.ts'
import { decodeRequest, decodeResponse } from '../../src/wire/codec.ts'
import { plain } from './plain.ts'
import { RUST_ADDR, RUST_MESSAGES, RUST_PEER } from './rust-messages.ts'
import type { Request } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: 64 * 1024 }

const asker = bytes(RUST_PEER)
const peer = { id: asker, addrs: [bytes(RUST_ADDR)] }
const multihash = Uint8Array.from([0x12, 32, ...new Uint8Array(32).fill(7)])
const published = { key: fromString('/v/rust'), value: fromString('value') }
const ours = { key: fromString('/v/ours'), value: fromString('ours') }

function bytes (base64: string): Uint8Array {
  return fromString(base64, 'base64pad')
}

function asked (message: keyof typeof RUST_MESSAGES): object {
  return plain(decodeRequest(bytes(RUST_MESSAGES[message]), asker, limits))
}

function answered (message: keyof typeof RUST_MESSAGES, request: Request): object {
  return plain(decodeResponse(bytes(RUST_MESSAGES[message]), request))
}

describe('wire/codec beside libp2p-kad', () => {
  it('reads its FIND_NODE, which carries a cluster level', () => {
    const request = asked('findNodeAsked')
    expect(request).to.have.property('type', 'find-node')
    expect(request).to.have.property('target').with.lengthOf(34)
  })

  it('reads its answer, whose addresses end in the id of the peer, which is taken off', () => {
    const response = answered('findNodeAnswered', { type: 'find-node', target: Uint8Array.of(1) })
    expect(response).to.deep.equal({ type: 'find-node', closer: [peer] })
    const [addr] = usableAddrs(peer.addrs, { peer: peer.id, scope: 'any' })
    expect(addr).to.equalBytes(multiaddr('/ip4/127.0.0.1/tcp/33515').bytes)
  })

  it('reads its PUT_VALUE, which tells a life', () => {
    expect(asked('putAsked')).to.deep.equal({ type: 'put-value', record: { ...published, ttl: 48 * 3_600_000 - 1_000 } })
  })

  it('reads its echo of ours, which lacks the life', () => {
    expect(answered('putAnswered', { type: 'put-value', record: { ...ours, ttl: 600_000 } })).to.deep.equal({ type: 'put-value', record: ours })
  })

  it('reads its GET_VALUE, and its answers, which do not echo the key', () => {
    expect(asked('getAsked')).to.deep.equal({ type: 'get-value', key: published.key })
    expect(answered('getAnsweredWithOurs', { type: 'get-value', key: ours.key })).to.deep.include({ record: { ...ours, ttl: 599_000 }, closer: [peer] })
  })

  it('reads a record that tells its publisher', () => {
    expect(answered('getAnsweredWithPublished', { type: 'get-value', key: published.key })).to.deep.include({ record: { ...published, ttl: 48 * 3_600_000 - 2_000 }, closer: [peer] })
  })

  it('reads its GET_PROVIDERS, and its answer, which does not echo the key', () => {
    expect(asked('providersAsked')).to.deep.equal({ type: 'get-providers', key: multihash })
    expect(answered('providersAnswered', { type: 'get-providers', key: multihash })).to.deep.include({ providers: [peer], closer: [peer] })
  })
})
