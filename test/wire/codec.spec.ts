import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { identityAt } from '../../src/keyspace/identity.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, requestFrame, responseFrame } from '../../src/wire/codec.ts'
import { LARGE_VALUE_BYTES, MAX_ANSWER_BYTES } from '../../src/wire/limits.ts'
import fc from '../helpers/fast-check.ts'
import { exchanges, MAX_RECORD_SIZE, peers, requests as anyRequest, SEED } from './arbitraries.ts'
import { multihash, peerA, peerB, record, requests, responses, valueKey } from './fixtures.ts'
import { plain, plainPeer } from './plain.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: MAX_RECORD_SIZE }

describe('wire/codec', () => {
  it('is not disturbed when reading a peer\'s addresses encodes something else', () => {
    const id = new Uint8Array(38).fill(7)
    const plain = { id, addrs: [Uint8Array.of(1, 2, 3)] }
    const busy = {
      id,
      get addrs () {
        encodeRequest({ type: 'find-node', target: new Uint8Array(200).fill(9) })
        return plain.addrs
      }
    }

    expect(encodeResponse({ type: 'find-node', closer: [plain, busy] })).to.equalBytes(encodeResponse({ type: 'find-node', closer: [plain, plain] }))
  })

  it('writes a peer whose whereabouts it has written before as if it had not, in any list and beside any others', () => {
    const known = peers.map((peer): PeerInfo => ({ ...peer, whereabouts: identityAt(peer.id, 0, peer.id.byteLength).at(peer.addrs) }))
    const strangers = (list: readonly PeerInfo[]): PeerInfo[] => list.map(({ id, addrs }) => ({ id, addrs }))
    const lists = fc.array(fc.array(known, { maxLength: 8 }), { minLength: 2, maxLength: 4 })
    fc.assert(fc.property(lists, lists => {
      for (const list of [...lists, ...lists]) {
        const answer = (peers: readonly PeerInfo[]): Response => ({ type: 'get-providers', key: multihash, closer: peers, providers: peers.toReversed() })
        expect(encodeResponse(answer(list))).to.equalBytes(encodeResponse(answer(strangers(list))))
      }
    }), { seed: SEED })
  })

  it('leaves out addresses of peers that it has written before, too, where there is no room', () => {
    const crowd = Array.from({ length: 20 }, (_, n): PeerInfo => {
      const id = Uint8Array.of(0, 36, 8, 1, 0x12, 32, ...new Uint8Array(32).fill(n))
      const addrs = Array.from({ length: 6 }, (_, i) => new Uint8Array(200).fill(i))
      return { id, addrs, whereabouts: identityAt(id, 0, id.byteLength).at(addrs) }
    })
    crowd.forEach(peer => { encodeResponse({ type: 'find-node', closer: [peer] }) })

    expect(encodeResponse({ type: 'find-node', closer: crowd })).to.equalBytes(encodeResponse({ type: 'find-node', closer: crowd.map(({ id, addrs }) => ({ id, addrs })) }))
    expect(encodeResponse({ type: 'find-node', closer: crowd }).byteLength).to.be.lessThan(MAX_ANSWER_BYTES)
  })

  for (const [name, { request, bytes }] of Object.entries(requests)) {
    it(`writes the request ${name} as js does`, () => {
      expect(encodeRequest(request)).to.equalBytes(bytes)
    })

    it(`reads the request ${name} of js`, () => {
      expect(plain(decodeRequest(bytes, peerA.id, limits))).to.deep.equal(request)
    })
  }

  for (const [name, { request, response, bytes }] of Object.entries(responses)) {
    it(`writes the answer ${name} as js does`, () => {
      expect(encodeResponse(response)).to.equalBytes(bytes)
    })

    it(`reads the answer ${name} of js`, () => {
      expect(plain(decodeResponse(bytes, request))).to.deep.equal(response)
    })
  }

  it('reads every request back as it was', () => {
    fc.assert(fc.property(anyRequest, request => {
      const from = request.type === 'add-provider' ? request.providers[0].id : peerA.id
      expect(plain(decodeRequest(encodeRequest(request), from, limits))).to.deep.equal(request)
    }), { seed: SEED, numRuns: 500 })
  })

  it('reads every answer back as it was', () => {
    fc.assert(fc.property(exchanges, ([request, response]) => {
      expect(plain(decodeResponse(encodeResponse(response), request))).to.deep.equal(response)
    }), { seed: SEED, numRuns: 500 })
  })

  it('reads a frame in pieces', () => {
    const { bytes, response, request } = responses.providers
    const pieces = new Uint8ArrayList(...Array.from(bytes, byte => Uint8Array.of(byte)))
    expect(plain(decodeResponse(pieces, request))).to.deep.equal(response)
  })

  it('takes only the sender among the providers', () => {
    const bytes = encodeRequest({ type: 'add-provider', key: multihash, providers: [peerB, peerA] })
    const request = decodeRequest(bytes, peerA.id, limits)
    expect(plain(request)).to.deep.equal({ type: 'add-provider', key: multihash, providers: [peerA] })
  })

  it('keeps nothing of a request in the frame it came in', () => {
    for (const { bytes, request } of Object.values(requests)) {
      const frame = bytes.slice()
      const decoded = decodeRequest(frame, peerA.id, limits)
      frame.fill(0xff)
      expect(plain(decoded)).to.deep.equal(request)
    }
  })

  it('keeps little of a large frame alive', () => {
    const request: Request = { type: 'find-node', target: valueKey }
    const { bytes } = responses.peers
    for (const size of [64 * 1024, 1024 * 1024]) {
      const socketBuffer = new Uint8Array(size)
      socketBuffer.set(bytes)
      const padded = socketBuffer.subarray(0, size === 64 * 1024 ? bytes.byteLength : size)
      if (padded.byteLength > bytes.byteLength) {
        // one unknown field to the end
        padded.set([0x7a, ...varint(size - bytes.byteLength - 4)], bytes.byteLength)
      }
      const { closer } = decodeResponse(padded, request)
      expect(closer.map(plainPeer)).to.deep.equal([peerA, peerB])
      for (const { id, addrs } of closer) {
        expect([id, ...addrs].map(kept => kept.buffer.byteLength <= 32 * 1024)).to.not.include(false)
      }
    }
  })

  it('leaves the peers of a frame as they were read, however many frames come after it in the same buffer', () => {
    const socketBuffer = new Uint8Array(64 * 1024)
    const crowds = Array.from({ length: 300 }, (_, n) => Array.from({ length: 1 + n % 5 }, (_, i): PeerInfo => ({
      id: Uint8Array.of(0, 36, 8, 1, 0x12, 32, ...new Uint8Array(32).fill(i)),
      addrs: [new Uint8Array(100).fill(n), new Uint8Array(50).fill(n >>> 1)]
    })))
    const read = crowds.map(crowd => {
      const frame = encodeResponse({ type: 'find-node', closer: crowd })
      socketBuffer.set(frame)
      return decodeResponse(socketBuffer.subarray(0, frame.byteLength), { type: 'find-node', target: valueKey }).closer
    })
    socketBuffer.fill(0xff)
    expect(read.map(closer => closer.map(plainPeer))).to.deep.equal(crowds)
  })

  it('has a large value travel as it was given, not copied, with the same bytes around it', () => {
    for (const size of [LARGE_VALUE_BYTES - 1, LARGE_VALUE_BYTES, 3 * LARGE_VALUE_BYTES]) {
      const large = { ...record, value: new Uint8Array(size).fill(7) }
      const answer = { type: 'get-value' as const, key: large.key, record: large, closer: [peerA] }
      const frames = [requestFrame({ type: 'put-value', record: large }), responseFrame(answer)]
      for (const frame of frames) {
        expect(frame instanceof Uint8ArrayList && [...frame].includes(large.value), `${size} bytes`).to.equal(size >= LARGE_VALUE_BYTES)
      }
      const read = { maxRecordSize: size }
      expect(plain(decodeRequest(frames[0].subarray(), peerA.id, read))).to.deep.equal({ type: 'put-value', record: large })
      expect(plain(decodeResponse(frames[1].subarray(), { type: 'get-value', key: large.key }))).to.deep.equal(answer)
    }
  })

  it('copies a value unless it is nearly all that its memory holds', () => {
    const large = { ...record, value: new Uint8Array(100 * 1024).fill(7) }
    const frame = encodeRequest({ type: 'put-value', record: large })
    const kept = (bytes: Uint8Array): Uint8Array => {
      const request = decodeRequest(bytes, peerA.id, { maxRecordSize: large.value.byteLength })
      return request.type === 'put-value' ? request.record.value : new Uint8Array()
    }
    const own = frame.slice()
    expect(kept(own).buffer).to.equal(own.buffer)
    const shared = new Uint8Array(frame.byteLength + 8 * 1024)
    shared.set(frame)
    const value = kept(shared.subarray(0, frame.byteLength))
    expect(value).to.equalBytes(large.value)
    expect(value.buffer.byteLength).to.equal(value.byteLength)
  })

  it('parses addresses when they are asked for, once', () => {
    const frame = responses.peers.bytes.slice()
    const { closer: [first] } = decodeResponse(frame, { type: 'find-node', target: valueKey })
    const addrTag = 54 // of the second address
    frame[addrTag] = 0x22 // now an unknown field: who reads the peer from here on finds an address less
    expect(first.addrs).to.have.lengthOf(peerA.addrs.length - 1)
    frame[addrTag] = responses.peers.bytes[addrTag]
    expect(first.addrs).to.have.lengthOf(peerA.addrs.length - 1)
  })

  it('answers with peers that came over the wire', () => {
    const { bytes, request } = responses.providers
    expect(encodeResponse(decodeResponse(bytes, request))).to.equalBytes(bytes)
  })

  it('tells what a record has left, rounded down to whole seconds, at least one', () => {
    for (const [ttl, told] of [[86_400_000, 86_400_000], [1_999, 1_000], [999, 1_000], [0, 1_000], [-5, 1_000], [1e20, 0xffff_ffff * 1000]]) {
      const frame = encodeRequest({ type: 'put-value', record: { ...record, ttl } })
      expect(decodeRequest(frame, peerA.id, limits), `${ttl}`).to.have.nested.property('record.ttl', told)
    }
    expect(decodeRequest(encodeRequest({ type: 'put-value', record }), peerA.id, limits)).to.not.have.nested.property('record.ttl')
  })

  it('leaves out a time that cannot be written', () => {
    const timeless = encodeRequest({ type: 'put-value', record: { ...record, timeReceived: Infinity } })
    expect(plain(decodeRequest(timeless, peerA.id, limits))).to.deep.equal({ type: 'put-value', record: { key: record.key, value: record.value } })
  })
})

/** A varint of exactly three bytes. */
function varint (value: number): number[] {
  return [value & 0x7f | 0x80, value >>> 7 & 0x7f | 0x80, value >>> 14]
}
