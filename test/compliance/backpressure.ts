import { expect } from 'aegir/chai'
import { check } from './network.ts'
import { connect, countBytes, defer, echo, pattern, roundTrip } from './streams.ts'
import type { Hosts, HostSetup } from './network.ts'
import type { Stream } from '../../src/rpc/connection.ts'

const MIB = 1024 * 1024
const DEFAULT_MAX_IN_FLIGHT = 16 * MIB
const CHUNK = pattern(65_536)

/** The writer counts as stopped after this many round trips without a pull. */
const QUIET_ROUND_TRIPS = 20

/** Offers `total` bytes and knows how many of them were taken. */
class Offer {
  readonly total: number
  pulled = 0

  constructor (total: number) {
    this.total = total
  }

  async * bytes (): AsyncGenerator<Uint8Array> {
    while (this.pulled < this.total) {
      this.pulled += CHUNK.byteLength
      yield CHUNK
    }
  }
}

/**
 * Resolves when `offer` is pulled no more, measured in round trips on streams
 * beside it: a host that buffers without bound goes on pulling between them until
 * it is past `limit`, one that does not comes to rest. A slow machine changes how
 * many round trips that takes, never the verdict.
 */
async function pullsToStop (offer: Offer, limit: number, hosts: Hosts): Promise<void> {
  const client = await hosts.client()
  const server = await hosts.server(echo)
  let seen = 0
  for (let quiet = 0; quiet < QUIET_ROUND_TRIPS && offer.pulled <= limit; quiet++) {
    await roundTrip(client, server)
    if (offer.pulled !== seen) {
      seen = offer.pulled
      quiet = 0
    }
  }
}

/** How many bytes the next chunk has. */
async function readOnce (stream: Stream): Promise<number> {
  const { value } = await stream.source.next()
  return value.byteLength
}

/** A writer is held back by a reader who does not read. */
export function backpressureCompliance (setup: HostSetup): void {
  const limit = setup.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT
  const offered = 4 * Math.ceil(limit / CHUNK.byteLength) * CHUNK.byteLength

  async function expectBounded (offer: Offer, hosts: Hosts, read: number = 0): Promise<void> {
    await pullsToStop(offer, limit + read, hosts)
    expect(offer.pulled).to.be.greaterThan(read)
    expect(offer.pulled - read).to.be.at.most(limit, 'bytes taken from the writer and not read')
  }

  describe('backpressure', () => {
    check(setup, 'holds back a dialler whose bytes are not read', async hosts => {
      const mayRead = defer()
      const received = defer<number>()
      const server = await hosts.server(async stream => {
        await mayRead.promise
        received.resolve(countBytes(stream.source))
      })
      const stream = await connect(await hosts.client(), server)
      const offer = new Offer(offered)
      const sent = stream.sink(offer.bytes())
      await expectBounded(offer, hosts)
      mayRead.resolve()

      expect(await received.promise).to.equal(offered)
      await sent
    })

    check(setup, 'holds back a handler whose bytes are not read', async hosts => {
      const offer = new Offer(offered)
      const server = await hosts.server(async stream => { await stream.sink(offer.bytes()) })
      const stream = await connect(await hosts.client(), server)
      await expectBounded(offer, hosts)

      expect(await countBytes(stream.source)).to.equal(offered)
      await stream.sink([])
    })

    check(setup, 'holds back a dialler whose bytes are read in part', async hosts => {
      const begun = defer<[stream: Stream, read: number]>()
      const server = await hosts.server(async stream => { begun.resolve([stream, await readOnce(stream)]) })
      const stream = await connect(await hosts.client(), server)
      const offer = new Offer(offered)
      const sent = stream.sink(offer.bytes())
      let [reader, read] = await begun.promise
      for (let reads = 0; reads < 3; reads++) {
        await expectBounded(offer, hosts, read)
        read += await readOnce(reader)
      }

      expect(read + await countBytes(reader.source)).to.equal(offered)
      await sent
    })

    const LEAVINGS: Array<[when: string, leave: (stream: Stream) => Promise<unknown>]> = [
      ['before it has read', async ({ source }) => source.return(undefined)],
      ['after it has read', async ({ source }) => { await source.next(); await source.return(undefined) }],
      ['while it waits', async ({ source }) => { await source.next(); await Promise.all([source.next(), source.return(undefined)]) }]
    ]
    LEAVINGS.forEach(([when, leave]) => {
      check(setup, `does not hold back a dialler whose reader has left ${when}`, async hosts => {
        const server = await hosts.server(async stream => {
          await leave(stream)
          await stream.sink([])
        })
        const stream = await connect(await hosts.client(), server)
        const offer = new Offer(offered)
        await stream.sink(offer.bytes())

        expect(offer.pulled).to.equal(offered)
        expect(await countBytes(stream.source)).to.equal(0)
      })
    })

    check(setup, 'lets other streams pass one that is held back', async hosts => {
      const mayRead = defer()
      const slow = await hosts.server(async stream => {
        await mayRead.promise
        await countBytes(stream.source)
      })
      const client = await hosts.client()
      const stream = await connect(client, slow)
      const offer = new Offer(offered)
      const sent = stream.sink(offer.bytes())
      await expectBounded(offer, hosts)
      await roundTrip(client, await hosts.server(echo), pattern(MIB))
      mayRead.resolve()
      await sent
    })
  })
}
