import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import * as Digest from 'multiformats/hashes/digest'
import { decodeAddress, encodeAddress, numbersOf } from '../../src/hosts/memory/address.ts'
import { createMemoryNetwork, Random, VirtualClock } from '../../src/memory.ts'
import fc from '../helpers/fast-check.ts'

describe('memory address', () => {
  it('is what js-multiaddr makes of /memory/<n>', () => {
    for (const number of [0, 7, 10_000, 4_294_967_295]) {
      expect(encodeAddress(number)).to.equalBytes(multiaddr(`/memory/${number}`).bytes)
      expect(multiaddr(encodeAddress(number)).toString()).to.equal(`/memory/${number}`)
      expect(decodeAddress(encodeAddress(number))).to.deep.equal({ number })
    }
  })

  it('may end in the id of a peer', () => {
    const { id } = createMemoryNetwork({ clock: new VirtualClock() }).createHost().self
    const peerId = peerIdFromMultihash(Digest.decode(id))
    const address = decodeAddress(multiaddr(`/memory/12/p2p/${peerId.toString()}`).bytes)

    expect(address).to.have.property('number', 12)
    expect(address?.id).to.equalBytes(id)
  })

  it('reads any bytes, or says that they are none', () => {
    const nearly = fc.tuple(fc.constantFrom([], [0x89, 0x06], [0x89, 0x06, 1, 0x30]), fc.array(fc.nat(255), { maxLength: 20 }))
      .map(([start, rest]) => Uint8Array.from([...start, ...rest]))
    fc.assert(fc.property(nearly, bytes => {
      const address = decodeAddress(bytes)
      if (address != null) {
        expect(address.number).to.be.within(0, 9_999_999_999)
      }
    }), { seed: 3, numRuns: 2000 })
  })

  it('is none of other kinds, cut short, or followed by something else', () => {
    const whole = multiaddr('/memory/12').bytes
    const others = [
      new Uint8Array(0),
      whole.subarray(0, -1),
      Uint8Array.from([...whole, 0]),
      Uint8Array.from([0x89, 0x06, 0]),
      multiaddr('/memory/1x').bytes,
      multiaddr('/memory/12345678901').bytes,
      multiaddr('/memory/12/tls').bytes,
      multiaddr('/ip4/127.0.0.1/tcp/80').bytes
    ]
    for (const addr of others) {
      expect(decodeAddress(addr)).to.equal(undefined)
    }
  })

  it('is dialled for its peer only, up to a limit', () => {
    const network = createMemoryNetwork({ clock: new VirtualClock() })
    const [{ id }, other] = [network.createHost().self, network.createHost().self]
    const naming = (id: Uint8Array): Uint8Array => Uint8Array.from([...encodeAddress(3), 0xa5, 0x03, id.byteLength, ...id])
    const addrs = [multiaddr('/ip4/127.0.0.1/tcp/80').bytes, naming(other.id), naming(id), ...Array.from({ length: 50 }, (_, i) => encodeAddress(i))]

    expect(numbersOf({ id, addrs }, 4)).to.deep.equal([3, 0, 1, 2])
  })
})

describe('ids of memory hosts', () => {
  it('are PeerIds, one a host, the same for the same seed', () => {
    const draw = (seed: number): string[] => {
      const network = createMemoryNetwork({ clock: new VirtualClock(), seed })
      return Array.from({ length: 100 }, () => peerIdFromMultihash(Digest.decode(network.createHost().self.id)).toString())
    }

    expect(new Set(draw(1))).to.have.property('size', 100)
    expect(draw(1)[0]).to.match(/^12D3KooW/)
    expect(draw(1)).to.deep.equal(draw(1))
    expect(draw(1)).to.not.have.members(draw(2))
  })

  it('may be given', () => {
    const id = Uint8Array.from([1, 2, 3])
    expect(createMemoryNetwork({ clock: new VirtualClock() }).createHost({ id }).self.id).to.equalBytes(id)
  })
})

describe('Random', () => {
  it('is sfc32 as PractRand has it', () => {
    const random = new Random(0x12345678)
    // worked out beside it with exact integers: state (0, seed, 0, 1), twelve rounds dropped
    expect(Array.from({ length: 4 }, () => random.uint32())).to.deep.equal(reference(0x12345678n, 4))
  })

  it('repeats itself for the same seed alone', () => {
    expect(new Random(5).bytes(32)).to.equalBytes(new Random(5).bytes(32))
    expect(new Random(5).bytes(32)).to.not.deep.equal(new Random(6).bytes(32))
  })

  it('stays within its ranges, and reaches their ends', () => {
    const random = new Random(1)
    const integers = new Set(Array.from({ length: 1000 }, () => random.integer(3, 7)))
    const fractions = Array.from({ length: 1000 }, () => random.fraction())

    expect([...integers].sort()).to.deep.equal([3, 4, 5, 6, 7])
    expect(Math.min(...fractions)).to.be.within(0, 0.01)
    expect(Math.max(...fractions)).to.be.within(0.99, 1 - 2 ** -32)
  })
})

/** sfc32 in big integers: a = b ⊕ (b ≫ 9), b = 9c, c = rotate(c, 21) + a + b + counter. */
function reference (seed: bigint, count: number): number[] {
  const word = (n: bigint): bigint => BigInt.asUintN(32, n)
  let [a, b, c] = [0n, seed, 0n]
  const out: number[] = []
  for (let round = 1n; round <= 12n + BigInt(count); round++) {
    const result = word(a + b + round)
    a = b ^ (b >> 9n)
    b = word(c * 9n)
    c = word(word((c << 21n) | (c >> 11n)) + result)
    out.push(Number(result))
  }
  return out.slice(12)
}
