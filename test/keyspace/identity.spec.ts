import { expect } from 'aegir/chai'
import { identityAt } from '../../src/keyspace/identity.ts'
import { bytesToMapKey, keyOf } from '../../src/keyspace/key.ts'
import fc from '../helpers/fast-check.ts'
import type { Identity } from '../../src/keyspace/identity.ts'

describe('identityAt', () => {
  it('is that of the bytes there, the first time and later, whoever shares their place', () => {
    // ids that end with the same bytes have the same place; those of 0 and 1 bytes have one, too
    const id = fc.tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom([], [7, 7])).map(([head, tail]) => Uint8Array.of(...head, ...tail))
    fc.assert(fc.property(fc.array(id, { maxLength: 30 }), fc.uint8Array({ maxLength: 3 }), (ids, before) => {
      for (const id of [...ids, ...ids]) {
        const identity = identityAt(Uint8Array.of(...before, ...id, 9), before.length, before.length + id.length)
        expect(identity.id).to.equalBytes(id)
        expect(identity.key).to.equalBytes(keyOf(id))
        expect(identity.name).to.equal(bytesToMapKey(id))
      }
    }), { seed: 3 })
  })

  it('is worked out once for ids that come again, however many others come between', () => {
    const known = Uint8Array.of(1, 2, 3, 200)
    const identity = identityAt(known, 0, 4)
    for (let n = 0; n < 100; n++) {
      identityAt(Uint8Array.of(n), 0, 1)
      expect(identityAt(known.slice(), 0, 4)).to.equal(identity)
    }
  })

  it('keeps nothing of the bytes it was read from', () => {
    const bytes = new Uint8Array(1_000).fill(5)
    const { id } = identityAt(bytes, 10, 20)
    bytes.fill(6)
    expect(id).to.equalBytes(new Uint8Array(10).fill(5))
    expect(id.buffer.byteLength).to.equal(10)
  })
})

describe('Identity.at', () => {
  const [home, away] = [Uint8Array.of(4, 1), Uint8Array.of(4, 2)]
  const peer = (n: number): Identity => identityAt(Uint8Array.of(3, 3, n, 77), 0, 4)

  it('is the same for all who know the peer at the same addresses', () => {
    const first = peer(1).at([home, away])
    expect(peer(1).at([home.slice(), away.slice()])).to.equal(first)
    expect(peer(1).at(first.addrs)).to.equal(first)
    expect(first.addrs).to.deep.equal([home, away])
  })

  it('is another for other addresses, another order of them, and another peer', () => {
    const first = peer(2).at([home, away])
    for (const addrs of [[home], [away, home], [home, Uint8Array.of(4, 3)], [home, away, home]]) {
      const other = peer(2).at(addrs)
      expect(other).not.to.equal(first)
      expect(other.addrs).to.deep.equal(addrs)
    }
    expect(peer(3).at([home, away])).not.to.equal(first)
    expect(first.addrs).to.deep.equal([home, away])
  })

  it('keeps nothing of what the addresses are views of', () => {
    const message = new Uint8Array(16_384).fill(5)
    const { addrs } = peer(4).at([message.subarray(10, 20)])
    message.fill(6)
    expect(addrs).to.deep.equal([new Uint8Array(10).fill(5)])
    expect(addrs[0].buffer.byteLength).to.equal(10)
  })
})
