import { expect } from 'aegir/chai'
import { PeerListReader, areNamedAlike } from '../../src/wire/peers.ts'
import fc from '../helpers/fast-check.ts'
import { bytes, field, scalar } from '../helpers/protobuf.ts'
import { SEED } from './arbitraries.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'

const ID = Uint8Array.of(0x12, 0x20, ...new Uint8Array(32).fill(7))
const [A, B, C] = [1, 2, 3].map(last => Uint8Array.of(4, 127, 0, 0, last))
const CONNECTED = scalar(3, 1)

/** A peer as it lies in a message, between other bytes. */
function onWire (id: Uint8Array, addrs: readonly Uint8Array[], ...rest: Uint8Array[]): PeerInfo {
  const body = bytes(field(1, id), ...addrs.map(addr => field(2, addr)), ...rest)
  const reader = new PeerListReader(bytes([9, 9, 9], body, [9]))
  reader.read(3, 3 + body.byteLength)
  return reader.peers[0]
}

function plain (id: Uint8Array, addrs: readonly Uint8Array[]): PeerInfo {
  return { id, addrs }
}

describe('areNamedAlike', () => {
  for (const [name, first, second] of [
    ['two that came over the wire', onWire, onWire],
    ['one that came over the wire after another', plain, onWire],
    ['one that came over the wire before another', onWire, plain],
    ['two others', plain, plain]
  ] as const) {
    describe(`of ${name}`, () => {
      it('is so with the same addresses', () => {
        for (const addrs of [[], [A], [A, B, C]]) {
          expect(areNamedAlike(first(ID, addrs), second(ID, addrs))).to.equal(true)
        }
      })

      it('is not with one address more, less or other, or in another order', () => {
        for (const addrs of [[], [A], [A, B, C], [A, C], [B, A]]) {
          expect(areNamedAlike(first(ID, [A, B]), second(ID, addrs)), String(addrs)).to.equal(false)
        }
        expect(areNamedAlike(first(ID, [A, B]), second(ID, [A, Uint8Array.of(4)]))).to.equal(false)
      })

      it('is so if and only if all bytes of all addresses are the same', () => {
        const lists = fc.array(fc.uint8Array({ max: 1, maxLength: 3 }), { maxLength: 2 })
        fc.assert(fc.property(lists, lists, (one, other) => {
          expect(areNamedAlike(first(ID, one), second(ID, other))).to.equal(JSON.stringify(one) === JSON.stringify(other))
        }), { seed: SEED, numRuns: 1000 })
      })
    })
  }

  it('does not hang on what else is told of them', () => {
    expect(areNamedAlike(onWire(ID, [A, B]), onWire(ID, [A, B], CONNECTED))).to.equal(true)
    expect(areNamedAlike(onWire(ID, [A, B], CONNECTED), onWire(ID, [A, B]))).to.equal(true)
  })
})

describe('PeerListReader', () => {
  it('reads addresses of any length', () => {
    for (const length of [0, 1, 126, 127, 128, 129, 255, 256, 1024]) {
      const addrs = [A, new Uint8Array(length).fill(5), B]
      expect(onWire(ID, addrs).addrs.map(addr => addr.join())).to.deep.equal(addrs.map(addr => addr.join()))
    }
  })
})
