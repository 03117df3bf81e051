import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { systemClock } from '../src/clock/clock.ts'
import { createTcpHost } from '../src/hosts/tcp/host.ts'
import { createNode } from '../src/node.ts'
import { bytes, field, frame, message, record, scalar, TYPE, utf8, varint } from './helpers/protobuf.ts'
import type { TcpHost } from '../src/hosts/tcp/host.ts'
import type { KadNode, NodeInit } from '../src/node.ts'
import type { Stream } from '../src/rpc/connection.ts'

const MIB = 1024 * 1024
const NETWORK = '/truncation/1.0.0'
const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

/** Sizes around what a fixed buffer of 4096 bytes would cut off, and far beyond. */
const SIZES = [0, 1, 4095, 4096, 4097, 8193, 65_536, MIB]

describe('no truncation over real TCP', function () {
  this.timeout(60_000)
  const nodes: KadNode[] = []

  async function node (init: NodeInit = {}): Promise<KadNode> {
    const made = await createNode({ listen: LOOPBACK, network: NETWORK, ...init })
    nodes.push(made)
    return made
  }

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async made => { await made.stop() }))
  })

  for (const security of ['plain', 'tls'] as const) {
    it(`puts and gets values of every size byte for byte (${security})`, async () => {
      const root = await node({ security })
      const [a, b] = [await node({ security, bootstrap: root.addresses }), await node({ security, bootstrap: root.addresses })]
      for (const size of [...SIZES, 4 * MIB]) {
        const value = randomBytes(size)
        const { storedAt, failed } = await a.put(`value of ${size}`, value)
        expect({ size, stored: storedAt.length, failed }).to.deep.equal({ size, stored: 2, failed: [] })
        const { value: found } = await b.findValue(root.addresses[0], `value of ${size}`)
        expect(Buffer.compare(value, found ?? Buffer.alloc(0)), `${size} bytes from one node`).to.equal(0)
        const { value: got } = await b.get(`value of ${size}`)
        expect(Buffer.compare(value, got), `${size} bytes from the network`).to.equal(0)
      }
    })
  }

  it('takes a value of exactly the cap, and refuses one byte more where it is put', async () => {
    const root = await node({ maxValueSize: 5000 })
    const other = await node({ maxValueSize: 5000, bootstrap: root.addresses })
    const { storedAt } = await other.put('key', randomBytes(5000))
    expect(storedAt).to.have.lengthOf(1)
    await expect(other.put('key', randomBytes(5001))).to.eventually.be.rejected
      .with.property('name', 'ValueTooLargeError')
    await expect(other.store(root.addresses[0], 'key', randomBytes(5001))).to.eventually.be.rejectedWith(/5001 bytes, at most 5000/)
  })

  it('refuses a value over the cap of the node that is to keep it', async () => {
    const small = await node({ maxValueSize: 5000 })
    const large = await node({ maxValueSize: 10_000 })
    await expect(large.store(small.addresses[0], 'key', randomBytes(5001))).to.eventually.be.rejected
      .with.property('name', 'StreamResetError')
    expect((await large.ping(small.addresses[0])).peer.id).to.deep.equal(small.self.id)
  })

  it('reads a value that comes byte by byte, and answers before the sender ends', async () => {
    const victim = await node({ security: 'plain' })
    const sender = await rawHost()
    const stream = await sender.openStream(victim.self, NETWORK)
    const key = utf8('/kv/dribbled')
    const value = bytes(scalar(1, 1), field(2, randomBytes(9000)))
    const body = bytes(message.key(key), message.record(record(key, value)))
    const { end, sunk } = writeAndWait(stream, ...Array.from(frame(body), byte => Uint8Array.of(byte)))
    const answered = await read(stream, frame(body).byteLength)
    expect(Buffer.compare(answered, frame(body))).to.equal(0)
    end()
    await sunk
    await sender.stop()
  })

  it('reads many messages that come in one chunk, one of them cut anywhere', async () => {
    const victim = await node({ security: 'plain' })
    const sender = await rawHost()
    const ping = frame(message.type(TYPE.ping))
    const all = bytes(...Array.from({ length: 500 }, () => ping))
    for (const cut of [1, 2, 3, 700, all.byteLength - 1]) {
      const stream = await sender.openStream(victim.self, NETWORK)
      const { end, sunk } = writeAndWait(stream, all.subarray(0, cut), all.subarray(cut))
      expect(await read(stream, all.byteLength)).to.deep.equal(all)
      end()
      await sunk
    }
    await sender.stop()
  })

  it('cuts off a remote that ignores the cap, at its length', async () => {
    const asker = await node({ security: 'plain', maxValueSize: 1000, mode: 'client' })
    const remote = await rawHost()
    let offered = 0
    await remote.handle(NETWORK, async stream => {
      await stream.source.next()
      await stream.sink((function * () {
        yield varint(1024 * MIB / 8)
        const chunk = new Uint8Array(65_536)
        for (; offered < 128 * MIB; offered += chunk.byteLength) {
          yield chunk
        }
      })())
    })
    await expect(asker.findValue(remote.self, 'key')).to.eventually.be.rejected
      .with.property('name', 'InvalidMessageError')
    expect(offered, 'bytes taken off the remote before it was cut off').to.be.lessThan(16 * MIB)
    await remote.stop()
  })
})

/** A host without a DHT on it. */
async function rawHost (): Promise<TcpHost> {
  return createTcpHost({ privateKey: await generateKeyPair('Ed25519'), listen: LOOPBACK, clock: systemClock, security: 'plain' })
}

/** Write `chunks`, and end our half only when told. */
function writeAndWait (stream: Stream, ...chunks: Uint8Array[]): { end (): void, sunk: Promise<void> } {
  let end = (): void => {}
  const ended = new Promise<void>(resolve => { end = resolve })
  const sunk = stream.sink((async function * () {
    yield * chunks
    await ended
  })())
  return { end, sunk }
}

/** The first `size` bytes that come. */
async function read (stream: Stream, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let got = 0; got < size;) {
    const { done, value } = await stream.source.next()
    if (done === true) {
      break
    }
    parts.push(value.subarray())
    got += value.byteLength
  }
  return Buffer.concat(parts)
}
