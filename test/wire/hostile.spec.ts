import { expect } from 'aegir/chai'
import { decodeRequest, decodeResponse, encodeResponse } from '../../src/wire/codec.ts'
import { InvalidMessageError } from '../../src/wire/errors.ts'
import { MAX_PEER_BYTES, MAX_PEERS_READ, MAX_REQUEST_BYTES } from '../../src/wire/limits.ts'
import { bytes, field, message, peer, record, scalar, tag, TYPE, varint } from '../helpers/protobuf.ts'
import { multihash, peerA, peerB, requests, responses, utf8, valueKey } from './fixtures.ts'
import { plain, plainPeer } from './plain.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: 1000 }
const ask: Request = requests.findNode.request
const target = peerA.id
const find = bytes(message.type(TYPE.findNode), message.key(target))

function request (...parts: Array<Uint8Array | readonly number[]>): Request {
  return decodeRequest(bytes(...parts), peerA.id, limits)
}

function answer (...parts: Array<Uint8Array | readonly number[]>): Response {
  return decodeResponse(bytes(...parts), ask)
}

/** The closer peers of an answer to FIND_NODE that lists these, encoded. */
function closer (...list: Uint8Array[]): readonly PeerInfo[] {
  const response = decodeResponse(bytes(message.type(TYPE.findNode), ...list.map(message.closer)), ask)
  return response.type === 'find-node' ? response.closer.map(plainPeer) : []
}

/** A valid id that ends in `n`. */
function idOf (n: number): Uint8Array {
  const id = peerA.id.slice()
  id.set([n >>> 8, n & 0xff], id.byteLength - 2)
  return id
}

function refuses (what: RegExp, ...attempts: Array<() => unknown>): void {
  for (const attempt of attempts) {
    expect(attempt).to.throw(InvalidMessageError, what)
  }
}

/** Neither as a request nor as an answer. */
function refusesAll (what: RegExp, ...parts: Array<Uint8Array | readonly number[]>): void {
  refuses(what, () => request(...parts), () => answer(...parts))
}

const rawA = peer(peerA.id, peerA.addrs)
const rawB = peer(peerB.id, peerB.addrs)

describe('hostile messages', () => {
  it('row 5: a request of 64 KiB + 1, but for a value', () => {
    const padding = (size: number): Uint8Array => {
      const rest = size - find.byteLength
      return field(15, new Uint8Array(rest - 1 - varint(rest - 4).byteLength))
    }
    const fits = bytes(find, padding(MAX_REQUEST_BYTES))
    expect(fits.byteLength).to.equal(MAX_REQUEST_BYTES)
    expect(request(fits)).to.deep.equal({ type: 'find-node', target })
    refuses(/FIND_NODE request of 65537 bytes/, () => request(find, padding(MAX_REQUEST_BYTES + 1)))
    const value = bytes(message.key(valueKey), message.record(record(valueKey, new Uint8Array(MAX_REQUEST_BYTES))))
    expect(decodeRequest(value, peerA.id, { maxRecordSize: MAX_REQUEST_BYTES })).to.have.property('type', 'put-value')
  })

  it('row 9: a field that ends past the message', () => {
    refusesAll(/ends 95 bytes past/, find, tag(2, 2), varint(100), utf8('short'))
    refusesAll(/ends 1 bytes past/, find, tag(15, 1), new Uint8Array(7))
    refusesAll(/ends 1 bytes past/, find, tag(15, 5), new Uint8Array(3))
    refusesAll(/does not end/, find, tag(15, 0))
    refusesAll(/does not end/, find, tag(15, 0), [0x80])
    refusesAll(/does not end/, find, [0x80])
    refusesAll(/does not end/, find, tag(15, 2), [0x80])
  })

  it('row 9: varints that are longer than they can be', () => {
    refusesAll(/does not end/, find, tag(15, 0), new Uint8Array(10).fill(0x80), [0])
    refusesAll(/does not end/, find, new Uint8Array(5).fill(0x80), [1])
    refusesAll(/longer than 32 bits/, find, tag(15, 2), [0x80, 0x80, 0x80, 0x80, 0x10])
  })

  it('row 10: a nested field past its parent', () => {
    const past = bytes(tag(1, 2), varint(100), valueKey)
    refuses(/bytes past its message/,
      () => request(message.key(valueKey), message.record(past)),
      () => answer(find, message.closer(past)),
      () => answer(find, message.provider(past)),
      // even of a peer that nobody looks at
      () => answer(find, ...Array.from({ length: MAX_PEERS_READ }, (_, i) => message.closer(peer(idOf(i)))), message.closer(past)),
      () => answer(find, message.closer(bytes(field(4, new Uint8Array(MAX_PEER_BYTES)), past))))
  })

  it('row 10: a nested field whose length is missing, with the parent going on', () => {
    refuses(/does not end/, () => answer(find, message.closer(bytes(rawA, tag(2, 2))), [0, 0, 0]), () => answer(find, message.closer(bytes(rawA, tag(15, 0))), [0, 0, 0]))
  })

  it('row 11: field number 0', () => {
    refusesAll(/number 0/, find, [0x00, 0x00])
    refusesAll(/number 0/, find, [0x02, 0x00])
    refusesAll(/number 0/, [0x02, 0x01, 0x00], find)
    refuses(/number 0/, () => answer(find, message.closer(bytes(rawA, [0x00, 0x00]))), () => answer(find, message.closer(bytes([0x02, 0x01, 0x00], rawA))))
  })

  it('row 12: wire type 6 or 7', () => {
    refusesAll(/wire type 6/, find, tag(15, 6), [0])
    refusesAll(/wire type 7/, find, tag(15, 7), [0])
    refuses(/wire type 6/, () => answer(find, message.closer(bytes(rawA, tag(15, 6)))))
  })

  it('row 13: a known field with the wrong wire type', () => {
    for (const number of [2, 3, 8, 9]) {
      refusesAll(/wire type 0, not 2/, find, scalar(number, 0))
    }
    for (const number of [1, 10]) {
      refusesAll(/wire type 2, not 0/, find, field(number, utf8('x')))
      refusesAll(/wire type 5, not 0/, find, tag(number, 5), new Uint8Array(4))
    }
    for (const number of [1, 2]) {
      refuses(/wire type 0, not 2/, () => answer(find, message.closer(bytes(rawA, scalar(number, 0)))))
    }
    refuses(/wire type 2, not 0/, () => answer(find, message.closer(bytes(rawA, field(3, utf8('x'))))))
    for (const number of [1, 2, 5]) {
      refuses(/wire type 0, not 2/, () => request(message.key(valueKey), message.record(bytes(record(valueKey, utf8('x')), scalar(number, 0)))))
    }
    // even of a record that nobody looks at
    refuses(/wire type 2, not 0/, () => request(find, message.record(bytes(record(valueKey, utf8('x')), field(777, utf8('x'))))))
  })

  it('row 14: a lone end-group', () => {
    refusesAll(/wire type 4/, find, tag(15, 4))
  })

  it('row 15: 200 kB of nested groups', () => {
    refusesAll(/wire type 3/, new Uint8Array(200_000).fill(tag(15, 3)[0]))
    refusesAll(/wire type 3/, find, tag(15, 3), tag(15, 4))
  })

  it('row 16: message type 7', () => {
    refusesAll(/unknown message type, 7/, message.type(7), message.key(target))
    refusesAll(/unknown message type, 6/, message.type(6), message.key(target))
  })

  it('row 17: message type -1', () => {
    refusesAll(/unknown message type/, message.type(-1n), message.key(target))
    refusesAll(/unknown message type/, message.type(2n ** 32n + 4n), message.key(target))
  })

  it('row 18: an empty frame', () => {
    refusesAll(/empty frame/)
  })

  it('row 19: FIND_NODE with an empty key', () => {
    refuses(/empty key/, () => request(message.type(TYPE.findNode)), () => request(message.type(TYPE.findNode), message.key(new Uint8Array())))
  })

  it('row 20: a provider key of 81 bytes, or none', () => {
    for (const type of [TYPE.getProviders, TYPE.addProvider]) {
      const withKey = (length: number) => () => request(message.type(type), message.key(new Uint8Array(length)), message.provider(rawA))
      refuses(/has (81|0) bytes/, withKey(81), withKey(0))
      expect(withKey(80)()).to.have.property('key').with.lengthOf(80)
    }
  })

  it('row 21: PUT_VALUE without record', () => {
    refuses(/without a record/, () => request(message.key(valueKey)),
      () => decodeResponse(bytes(message.key(valueKey)), requests.putValue.request))
  })

  it('row 22: record key other than message key', () => {
    const other = record(utf8('/kv/other'), utf8('x'))
    refuses(/key of the record/, () => request(message.key(valueKey), message.record(other)),
      () => request(message.key(valueKey), message.record(field(2, utf8('x')))),
      () => decodeResponse(bytes(message.type(TYPE.getValue), message.record(other)), requests.getValue.request),
      () => decodeResponse(bytes(message.record(other)), requests.putValue.request))
    refuses(/must be \/<namespace>/, () => request(message.record(record(valueKey, utf8('x')))))
  })

  it('row 25: keys that are no /namespace/rest', () => {
    for (const key of ['', 'x', '/', '//', '///', '//x', '/pk', 'pk/', 'pk/x', 'x/pk/x'].map(utf8)) {
      refuses(/must be \/<namespace>/,
        () => request(message.type(TYPE.getValue), message.key(key)),
        () => request(message.key(key), message.record(record(key, utf8('x')))))
    }
  })

  it('row 25: the key of a value so long that nobody could look for it', () => {
    const withKey = (length: number) => (type: number) => {
      const key = bytes(utf8('/kv/'), new Uint8Array(length - 4))
      return () => request(message.type(type), message.key(key), message.record(record(key, utf8('x'))))
    }
    for (const type of [TYPE.getValue, TYPE.putValue]) {
      refuses(/key of a value has 15361 bytes/, withKey(15_361)(type))
      expect(withKey(15_360)(type)).to.not.throw()
    }
  })

  it('row 27: a value over the cap', () => {
    const withValue = (length: number): Uint8Array => message.record(record(valueKey, new Uint8Array(length)))
    refuses(/value of 1001 bytes/, () => request(message.key(valueKey), withValue(1001)))
    const answer = decodeResponse(bytes(message.type(TYPE.getValue), withValue(1001)), requests.getValue.request)
    expect(answer, 'who asked refuses it: to keep it is no fault').to.have.nested.property('record.value.byteLength', 1001)
    expect(request(message.key(valueKey), withValue(1000))).to.have.property('type', 'put-value')
  })

  it('row 28: a namespace that is no UTF-8', () => {
    const key = bytes(utf8('/'), [0xff, 0xfe], utf8('/x'))
    refuses(/UTF-8/, () => request(message.type(TYPE.getValue), message.key(key)), () => request(message.key(key), message.record(record(key, utf8('x')))))
  })

  it('row 29: an answer of another type than the request', () => {
    const { bytes: frame } = responses.value
    for (const [name, { request: other }] of Object.entries(requests)) {
      if (name !== 'getValue') {
        refuses(/GET_VALUE in answer to/, () => decodeResponse(frame, other))
      }
    }
  })

  it('row 30: an answer that nobody asked for', () => {
    refuses(/which has none/, () => decodeResponse(requests.addProvider.bytes, requests.addProvider.request))
    refuses(/another key/,
      () => decodeResponse(responses.value.bytes, { type: 'get-value', key: utf8('/kv/other') }),
      () => decodeResponse(responses.providers.bytes, { type: 'get-providers', key: utf8('other') }),
      () => decodeResponse(bytes(message.type(TYPE.getProviders), message.key(utf8('x'))), { type: 'get-providers', key: utf8('y') }),
      () => decodeResponse(bytes(message.key(utf8('/kv/other')), message.record(record(valueKey, utf8('hello')))), requests.putValue.request))
    refuses(/not the one that was to be stored/,
      () => decodeResponse(responses.stored.bytes, { type: 'put-value', record: { key: valueKey, value: utf8('another') } }))
  })

  it('rust: an answer that does not echo the key', () => {
    const { request: getProviders, response } = responses.providers
    const frame = bytes(message.type(TYPE.getProviders), message.closer(rawB), message.provider(rawA))
    expect(plain(decodeResponse(frame, getProviders))).to.deep.equal(response)
  })
})

describe('hostile elements', () => {
  it('row 40: a Peer of more than 8 KiB is skipped', () => {
    const sized = (size: number): Uint8Array => {
      const head = peer(peerA.id).byteLength
      return bytes(peer(peerA.id), field(2, new Uint8Array(size - head - 3)))
    }
    expect(sized(MAX_PEER_BYTES + 1)).to.have.lengthOf(MAX_PEER_BYTES + 1)
    expect(closer(sized(MAX_PEER_BYTES + 1), rawB)).to.deep.equal([peerB])
    expect(closer(sized(MAX_PEER_BYTES), rawB)).to.have.lengthOf(2)
    expect(closer(sized(MAX_PEER_BYTES + 1), field(2, peerA.addrs[0])), 'nor is its id that of the next').to.deep.equal([])
  })

  it('row 41: a multihash with a wrong length is skipped', () => {
    const digest = peerB.id.subarray(2)
    for (const id of [peerB.id.subarray(0, 33), bytes(peerB.id, [0]), bytes([0x12, 31], digest), bytes([0x12, 33], digest), bytes([0x13, 32], digest), bytes([0x12, 31], digest.subarray(1)), new Uint8Array()]) {
      expect(closer(peer(id, peerB.addrs), rawA)).to.deep.equal([peerA])
    }
    expect(closer(bytes(...peerB.addrs.map(addr => field(2, addr))), rawA)).to.deep.equal([peerA])
  })

  it('row 42: an identity multihash that is no key is skipped', () => {
    const key = new Uint8Array(32).fill(7)
    const ids = [
      bytes([0, 5], utf8('hello')), // any bytes
      bytes([0, 36, 8, 0, 0x12, 32], key), // RSA, which is hashed
      bytes([0, 36, 8, 3, 0x12, 32], key), // ECDSA, which is hashed
      bytes([0, 36, 8, 2, 0x12, 32], key), // secp256k1 with a byte too few
      bytes([0, 37, 8, 1, 0x12, 33, 2], key), // Ed25519 with a byte too many
      bytes([0, 37, 8, 2, 0x12, 33, 4], key) // no compressed point
    ]
    for (const id of ids) {
      expect(closer(peer(id), rawA)).to.deep.equal([peerA])
    }
    expect(closer(peer(bytes([0, 37, 8, 2, 0x12, 33, 2], key)), peer(bytes([0, 37, 8, 2, 0x12, 33, 3], key)))).to.have.lengthOf(2)
  })

  it('row 43: the same peer twice is taken once', () => {
    expect(closer(rawA, rawB, peer(peerA.id), rawB)).to.deep.equal([peerA, peerB])
    const twins = [idOf(1), idOf(1)]
    twins[1][10] ^= 1 // alike at the end, yet two
    expect(closer(...twins.map(id => peer(id)))).to.have.lengthOf(2)
  })

  it('row 45: the 41st peer of a list is skipped', () => {
    const many = Array.from({ length: MAX_PEERS_READ + 1 }, (_, i) => peer(idOf(i)))
    expect(closer(...many).map(({ id }) => id)).to.deep.equal(many.slice(0, MAX_PEERS_READ).map((_, i) => idOf(i)))
    // those that were skipped for another reason were looked at too
    expect(closer(...new Array<Uint8Array>(MAX_PEERS_READ).fill(peer(new Uint8Array())), rawA)).to.deep.equal([])
  })

  it('row 45: a frame of two million empty peers costs no more than its walk', () => {
    const frame = new Uint8Array(4 * 1024 * 1024)
    for (let i = 0; i < frame.byteLength; i += 2) {
      frame[i] = 0x42
    }
    frame.set(message.type(TYPE.findNode))
    expect(decodeResponse(frame, ask)).to.deep.equal({ type: 'find-node', closer: [] })
  })

  it('row 46: a provider who is not the sender is skipped, and none left refused', () => {
    const add = (...list: Uint8Array[]): Request => request(message.type(TYPE.addProvider), message.key(multihash), ...list.map(message.provider))
    expect(add(rawB, rawA)).to.deep.equal({ type: 'add-provider', key: multihash, providers: [peerA] })
    refuses(/none of the providers is the sender/, () => add(rawB), () => add())
  })
})

describe('unusual messages', () => {
  it('row 47: an unknown field is accepted', () => {
    const unknown = [scalar(100, 2n ** 64n - 1n), field(666, utf8('publisher')), bytes(tag(50, 1), new Uint8Array(8)), bytes(tag(51, 5), new Uint8Array(4)), scalar(2 ** 29 - 1, 0)]
    for (const extra of unknown) {
      expect(request(extra, find, extra)).to.deep.equal({ type: 'find-node', target })
      expect(closer(bytes(extra, rawA, extra))).to.deep.equal([peerA])
      expect(request(message.key(valueKey), message.record(bytes(extra, record(valueKey, utf8('x')), extra))))
        .to.deep.equal({ type: 'put-value', record: { key: valueKey, value: utf8('x') } })
    }
    const rust = bytes(record(valueKey, utf8('x')), field(666, peerA.id), scalar(777, 3600))
    expect(request(message.key(valueKey), message.record(rust))).to.have.property('type', 'put-value')
    expect(closer(bytes(rawA, scalar(3, 1)))).to.deep.equal([peerA])
    expect(request(find, scalar(10, 10))).to.deep.equal({ type: 'find-node', target })
  })

  it('row 48: of a scalar given twice the last wins', () => {
    expect(request(message.type(TYPE.ping), message.key(utf8('x')), find)).to.deep.equal({ type: 'find-node', target })
    expect(closer(bytes(field(1, peerB.id), rawA))).to.deep.equal([peerA])
    expect(request(message.key(valueKey), message.record(bytes(record(utf8('/a/b'), utf8('y')), record(valueKey, utf8('x'))))))
      .to.deep.equal({ type: 'put-value', record: { key: valueKey, value: utf8('x') } })
  })

  it('row 49: fields are accepted in any order', () => {
    const backwards = bytes(message.provider(rawA), message.closer(rawB), message.key(multihash), message.type(TYPE.getProviders))
    expect(plain(decodeResponse(backwards, requests.getProviders.request))).to.deep.equal(responses.providers.response)
    const [first, second] = peerA.addrs
    expect(closer(bytes(field(2, first), field(1, peerA.id), field(2, second)))).to.deep.equal([peerA])
  })

  it('row 50: timeReceived in the year 9999, empty or garbage', () => {
    const put = (time: string): Request => request(message.key(valueKey), message.record(record(valueKey, utf8('x'), time)))
    expect(put('9999-12-31T23:59:59.999999999Z')).to.have.nested.property('record.timeReceived', 253_402_300_799_999)
    for (const time of ['', 'garbage', '2024-02-30T00:00:00Z', 'Z'.repeat(900)]) {
      expect(put(time)).to.deep.equal({ type: 'put-value', record: { key: valueKey, value: utf8('x') } })
    }
    const noUtf8 = bytes(record(valueKey, utf8('x')), field(5, bytes([0xff, 0xc0, 0xf8])))
    expect(request(message.key(valueKey), message.record(noUtf8))).to.not.have.nested.property('record.timeReceived')
  })

  it('a record tells what it has left as rust does: whole seconds, 0 for nothing, any other form refused', () => {
    const put = (ttl: Uint8Array): Request => request(message.key(valueKey), message.record(bytes(record(valueKey, utf8('x')), ttl)))
    expect(put(scalar(777, 90))).to.have.nested.property('record.ttl', 90_000)
    expect(put(scalar(777, 0xffff_ffff))).to.have.nested.property('record.ttl', 0xffff_ffff * 1000)
    expect(put(scalar(777, 2n ** 64n - 1n))).to.have.nested.property('record.ttl').that.is.within(0, 0xffff_ffff * 1000)
    expect(put(bytes(scalar(777, 90), scalar(777, 91)))).to.have.nested.property('record.ttl', 91_000)
    expect(put(scalar(777, 0))).to.not.have.nested.property('record.ttl')
    expect(() => put(field(777, utf8('90')))).to.throw().with.property('name', 'InvalidMessageError')
  })

  it('an answer of peers that we would not write again as it came is written in our way', () => {
    const response = decodeResponse(bytes(message.type(TYPE.findNode), message.closer(bytes(scalar(3, 1), rawA, scalar(99, 1)))), ask)
    expect(encodeResponse(response)).to.equalBytes(bytes(message.type(TYPE.findNode), message.closer(rawA)))
  })
})
