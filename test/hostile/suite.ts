import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { decodeResponse } from '../../src/wire/codec.ts'
import { prefixLength } from '../../src/wire/frame.ts'
import { bytes, field, frame, message, peer, record, scalar, tag, TYPE, utf8, varint } from '../helpers/protobuf.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { answerWith, attack, NETWORK } from './arena.ts'
import { hostileRequests, MAX_VALUE_SIZE } from './frames.ts'
import { mutatedFrames } from './mutations.ts'
import type { Arena, ArenaHost, Outcome } from './arena.ts'
import type { Kademlia } from '../../src/dht/kademlia.ts'
import type { FindNodeResult } from '../../src/dht/operations/single.ts'
import type { ResponseTo } from '../../src/wire/rpc.ts'

const KEY = utf8('/kv/key')
const TARGET = utf8('target')
const GOOD_ADDR = multiaddr('/ip4/127.0.0.1/tcp/4001').bytes
const PUBLIC_ADDR = multiaddr('/ip4/8.8.8.8/tcp/4001').bytes

const findNode = bytes(message.type(TYPE.findNode), message.key(TARGET))
const ping = bytes(message.type(TYPE.ping))

/** The id of somebody who does not exist. */
function idOf (n: number): Uint8Array {
  return bytes([0x00, 0x24, 0x08, 0x01, 0x12, 0x20], new Uint8Array(32).fill(n))
}

function findNodeAnswer (...peers: Uint8Array[]): Uint8Array {
  return frame(message.type(TYPE.findNode), ...peers.map(message.closer))
}

/** Addresses that are to be skipped: row, what, the binary multiaddr. */
const BAD_ADDRS: Array<[number, string, Uint8Array]> = [
  [31, 'a truncated ip4 address', bytes([0x04, 127, 0])],
  [32, 'an unknown multiaddr protocol', bytes(varint(0x7fffff), [1, 2, 3])],
  [33, 'a dns name of claimed length 2^28', bytes([54], varint(2 ** 28), utf8('example.com'))],
  [34, 'dns a/b', bytes([54, 3], utf8('a/b'), [0x06, 0x0f, 0xa1])],
  [35, 'dns with NUL', bytes([54, 3, 0x61, 0x00, 0x62, 0x06, 0x0f, 0xa1])],
  [35, 'dns with bad UTF-8', bytes([54, 3, 0x61, 0xff, 0x62, 0x06, 0x0f, 0xa1])],
  [36, 'port 0', bytes([0x04, 127, 0, 0, 1, 0x06, 0, 0])],
  [38, 'an address ending in another peer\'s /p2p', bytes(GOOD_ADDR, varint(421), varint(38), idOf(99))],
  [39, 'a circuit nested 200 deep', bytes(GOOD_ADDR, ...Array.from({ length: 200 }, () => varint(290)))]
]

/** Peers that are to be skipped. */
const BAD_PEERS: Array<[number, string, Uint8Array]> = [
  [40, 'a Peer of more than 8 KiB', peer(idOf(50), Array.from({ length: 1000 }, () => GOOD_ADDR))],
  [41, 'a multihash with a wrong length', peer(bytes([0x12, 0x20], new Uint8Array(31)), [GOOD_ADDR])],
  [41, 'a multihash that goes on', peer(bytes([0x12, 0x20], new Uint8Array(33)), [GOOD_ADDR])],
  [42, 'an identity multihash that is no key', peer(bytes([0x00, 0x04], utf8('nope')), [GOOD_ADDR])]
]

/**
 * Rows 1 to 51 of the table of hostile and broken input, against a node on one kind
 * of host. After each, the node's table and values are as before, and it answers an
 * honest peer; after all, nothing is left running. Then random and mutated `frames`,
 * each on a stream of its own.
 */
export function hostileInput (name: string, createArena: () => Promise<Arena>, frames = repetitions(10_000)): void {
  describe(`hostile input over ${name}`, function () {
    this.timeout(60_000)
    let arena: Arena
    let victimHost: ArenaHost
    let victim: Kademlia
    let attacker: ArenaHost
    let honest: Kademlia

    before(async () => {
      arena = await createArena()
      victimHost = await arena.host()
      victim = arena.dht(victimHost.host, { maxValueSize: MAX_VALUE_SIZE })
      honest = arena.dht((await arena.host()).host, { mode: 'client' })
      attacker = await arena.host()
      await arena.run(victim.start())
      await arena.run(honest.start())
      await arena.run(honest.store(victim.self, 'honest', 'value'))
    })

    after(async () => {
      await arena.run(honest.stop())
      await arena.run(victim.stop())
      await arena.stop()
    })

    afterEach(async () => {
      const { value } = await arena.run(honest.findValue(victim.self, 'honest'))
      expect(value).to.deep.equal(utf8('value'))
      const keys = []
      for await (const { key } of victim.internals.store.values()) {
        keys.push(key)
      }
      expect(keys).to.deep.equal([utf8('/kv/honest')])
      expect(victim.internals.peers.table.get(honest.self.key)).to.equal(undefined)
    })

    /** What comes of sending these bytes to the victim. */
    async function send (...chunks: Uint8Array[]): Promise<Outcome> {
      return arena.run(attack(attacker.host, victim.self, ...chunks))
    }

    /** What the victim makes of these bytes as the answer to its FIND_NODE. */
    async function find (...answer: Uint8Array[]): Promise<FindNodeResult> {
      await answerWith(attacker.host, ...answer)
      return arena.run(victim.findNode(attacker.host.self, TARGET))
    }

    describe('resets the stream', () => {
      for (const { row, what, chunks } of hostileRequests) {
        it(`row ${row}: ${what}`, async () => {
          const outcome = await send(...chunks)
          expect(outcome.ended).to.equal('reset')
          expect(outcome.received.byteLength).to.equal(0)
        })
      }

      it('row 8: one byte a second', async () => {
        const stream = await arena.run(attacker.host.openStream(victim.self, NETWORK))
        const whole = frame(message.type(TYPE.findNode), message.key(new Uint8Array(40).fill(1))) // it is not sent to its end before its time is up
        const received: Uint8Array[] = []
        const turn = { next (): void {} }
        const outgoing = async function * (): AsyncGenerator<Uint8Array> {
          // answered, the first frame proves that the byte behind it has come
          yield bytes(frame(ping), whole.subarray(0, 1))
          for (const byte of whole.subarray(1)) {
            await new Promise<void>(resolve => { turn.next = resolve })
            yield Uint8Array.of(byte)
          }
        }
        const writing = stream.sink(outgoing()).catch(() => {})
        const { value } = await arena.run(stream.source.next())
        received.push(value?.subarray() ?? new Uint8Array())
        const ended = (async (): Promise<string> => {
          try {
            const { done } = await stream.source.next()
            return done === true ? 'closed' : 'answered'
          } catch {
            return 'reset'
          }
        })()
        const { clock } = victim.internals.config
        const begun = clock.now()
        for (let second = 0; second < 11; second++) {
          await arena.advance(1000)
          turn.next()
        }
        expect(await arena.run(ended)).to.equal('reset')
        expect(clock.now() - begun, 'milliseconds it took').to.be.below(12_000)
        expect(bytes(...received)).to.deep.equal(frame(ping))
        turn.next()
        await arena.run(writing)
      })

      it('row 29: an answer of another type than the request', async () => {
        await expect(find(frame(ping))).to.eventually.be.rejected.with.property('name', 'InvalidMessageError')
      })

      it('row 30: an answer nobody asked for', async () => {
        await answerWith(attacker.host, bytes(findNodeAnswer(), findNodeAnswer()))
        const { closer } = await arena.run(victim.findNode(attacker.host.self, TARGET))
        expect(closer).to.deep.equal([])
        await arena.run(honest.ping(victim.self))
        // whoever answered is a contact now, and may be handed values
        expect([...victim.internals.client.pending()].map(({ request }) => request.type)).to.not.include('find-node')
        // the stream with the second answer was reset: the next request gets a fresh one, and works
        expect((await find(findNodeAnswer(peer(idOf(1), [GOOD_ADDR])))).closer).to.have.lengthOf(1)
      })

      it('row 9: an answer whose field ends past the message', async () => {
        await expect(find(frame(message.type(TYPE.findNode), tag(8, 2), varint(100)))).to.eventually.be.rejected.with.property('name', 'InvalidMessageError')
      })

      it('row 3: an answer of length 2^40', async () => {
        await expect(find(varint(2n ** 40n))).to.eventually.be.rejected.with.property('name', 'InvalidMessageError')
      })
    })

    describe('skips the element', () => {
      for (const [row, what, addr] of BAD_ADDRS) {
        it(`row ${row}: ${what}`, async () => {
          const { closer } = await find(findNodeAnswer(peer(idOf(1), [addr, GOOD_ADDR])))
          expect(closer.map(({ id, addrs }) => ({ id, addrs }))).to.deep.equal([{ id: idOf(1), addrs: [GOOD_ADDR] }])
        })
      }

      for (const [row, what, bad] of BAD_PEERS) {
        it(`row ${row}: ${what}`, async () => {
          const { closer } = await find(findNodeAnswer(bad, peer(idOf(1), [GOOD_ADDR])))
          expect(closer.map(({ id }) => id)).to.deep.equal([idOf(1)])
        })
      }

      it('row 37: a private address in public mode', async () => {
        const host = await arena.host()
        const publicNode = arena.dht(host.host, { scope: 'public' })
        await arena.run(publicNode.start())
        await answerWith(attacker.host, findNodeAnswer(peer(idOf(1), [GOOD_ADDR, PUBLIC_ADDR])))
        const { closer } = await arena.run(publicNode.findNode(attacker.host.self.addrs[0], TARGET))
        await arena.run(publicNode.stop())
        expect(closer.map(({ addrs }) => addrs)).to.deep.equal([[PUBLIC_ADDR]])
      })

      it('row 43: the same peer twice', async () => {
        const { closer } = await find(findNodeAnswer(peer(idOf(1), [GOOD_ADDR]), peer(idOf(1), [GOOD_ADDR])))
        expect(closer).to.have.lengthOf(1)
      })

      it('row 44: ourselves', async () => {
        await find(findNodeAnswer(peer(victim.self.id, [GOOD_ADDR]))) // who has answered is asked from now on
        const asked: Uint8Array[] = []
        const { closest } = await arena.run(victim.lookup(TARGET, {
          onProgress (event) {
            if (event.type === 'asking') {
              asked.push(event.peer.id)
            }
          }
        }))
        expect(asked).to.deep.include(attacker.host.self.id)
        expect(asked).to.not.deep.include(victim.self.id)
        expect(closest.map(({ id }) => id)).to.not.deep.include(victim.self.id)
      })

      it('row 45: the 41st peer of a list', async () => {
        const { closer } = await find(findNodeAnswer(...Array.from({ length: 60 }, (_, i) => peer(idOf(i + 1), [GOOD_ADDR]))))
        expect(closer.map(({ id }) => id)).to.deep.equal(Array.from({ length: 40 }, (_, i) => idOf(i + 1)))
      })

      it('row 46: a provider who is not the sender, beside one who is', async () => {
        const key = bytes([0x12, 0x20], new Uint8Array(32).fill(3))
        const sender = attacker.host.self.id
        const { ended } = await send(frame(message.type(TYPE.addProvider), message.key(key), message.provider(peer(idOf(1), [GOOD_ADDR])), message.provider(peer(sender, [GOOD_ADDR]))))
        expect(ended).to.equal('closed')
        const { received } = await send(frame(message.type(TYPE.getProviders), message.key(key)))
        const { providers } = decodeResponse(received.subarray(prefixLength(received.byteLength - 1)), { type: 'get-providers', key }) as ResponseTo<'get-providers'>
        expect(providers.map(({ id }) => id)).to.deep.equal([sender])
        expect(providers[0].addrs, 'perhaps beside those that the host knows').to.deep.include(GOOD_ADDR)
      })
    })

    describe('accepts', () => {
      const accepted: Array<[number, string, Uint8Array]> = [
        [47, 'an unknown field', bytes(findNode, field(1000, utf8('new')), scalar(1001, 5))],
        [48, 'a scalar given twice: the last wins', bytes(message.type(TYPE.ping), message.type(TYPE.findNode), message.key(utf8('first')), message.key(TARGET))],
        [49, 'fields in any order', bytes(message.key(TARGET), message.type(TYPE.findNode))]
      ]
      for (const [row, what, body] of accepted) {
        it(`row ${row}: ${what}`, async () => {
          const { ended, received } = await send(frame(body))
          expect(ended).to.equal('closed')
          expect(received[1]).to.equal(scalar(1, TYPE.findNode)[0])
          expect(received[2]).to.equal(TYPE.findNode)
        })
      }

      const times = ['9999-12-31T23:59:59.999999999Z', '', 'garbage', '-1', '2020-13-45T99:99:99Z']
      times.forEach(time => {
        it(`row 50: timeReceived ${JSON.stringify(time)}`, async () => {
          const value = bytes(scalar(1, 5), field(2, utf8('x')))
          const answer = frame(message.type(TYPE.getValue), message.key(KEY), message.record(record(KEY, value, time)))
          await answerWith(attacker.host, answer)
          const found = await arena.run(victim.findValue(attacker.host.self, 'key'))
          expect(found.value).to.deep.equal(utf8('x'))
        })
      })

      it('row 51: three requests in one chunk', async () => {
        const { ended, received } = await send(bytes(frame(ping), frame(ping), frame(ping)))
        expect(ended).to.equal('closed')
        expect(received).to.deep.equal(bytes(frame(ping), frame(ping), frame(ping)))
      })

      it('row 51: one request byte by byte', async () => {
        const { ended, received } = await send(...Array.from(frame(findNode), byte => Uint8Array.of(byte)))
        expect(ended).to.equal('closed')
        expect(received[2]).to.equal(TYPE.findNode)
      })
    })

    it(`stands ${frames} random and mutated frames`, async function () {
      this.timeout(120_000)
      const pending = mutatedFrames(20_201_121, frames, { id: attacker.host.self.id, target: TARGET, key: KEY })
      const lane = async (): Promise<void> => {
        for (const chunk of pending) {
          await attack(attacker.host, victim.self, chunk)
        }
      }
      await arena.run(Promise.all(Array.from({ length: 16 }, lane)).then(() => {}))
      expect([...pending], 'frames that were not sent').to.deep.equal([])
    })
  })
}
