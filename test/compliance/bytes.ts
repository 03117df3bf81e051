import { expect } from 'aegir/chai'
import * as lp from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { Uint8ArrayList } from 'uint8arraylist'
import { check } from './network.ts'
import { collect, connect, defer, echo, expectBytes, pattern, roundTrip } from './streams.ts'
import type { HostSetup } from './network.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'

const SIZES = [0, 1, 4095, 4096, 4097, 65_536, 1024 * 1024, 4 * 1024 * 1024]

/** What is written on one side is read on the other, byte for byte. */
export function bytesCompliance (setup: HostSetup): void {
  describe('bytes', () => {
    check(setup, 'tells the handler who dialled', async hosts => {
      const remote = defer<PeerInfo>()
      const server = await hosts.server(async (stream, peer) => {
        remote.resolve(peer)
        await echo(stream)
      })
      const client = await hosts.client()

      await roundTrip(client, server)
      expect((await remote.promise).id).to.equalBytes(client.host.self.id)
    })

    for (const size of SIZES) {
      check(setup, `carries ${size} bytes there and back`, async hosts => {
        const server = await hosts.server(echo)
        await roundTrip(await hosts.client(), server, pattern(size))
      })
    }

    check(setup, 'carries 1 MiB each way at the same time', async hosts => {
      const received = defer<Uint8Array>()
      const server = await hosts.server(async stream => {
        await Promise.all([stream.sink([pattern(1024 * 1024, 2)]), collect(stream.source).then(received.resolve)])
      })
      const stream = await connect(await hosts.client(), server)
      const [answer] = await Promise.all([collect(stream.source), stream.sink([pattern(1024 * 1024, 1)])])

      expectBytes(await received.promise, pattern(1024 * 1024, 1))
      expectBytes(answer, pattern(1024 * 1024, 2))
    })

    check(setup, 'carries bytes written one by one', async hosts => {
      const server = await hosts.server(echo)
      const bytes = pattern(300)
      const stream = await connect(await hosts.client(), server)
      const sent = stream.sink((async function * () {
        for (let i = 0; i < bytes.byteLength; i++) {
          yield bytes.subarray(i, i + 1)
        }
      })())

      expectBytes(await collect(stream.source), bytes)
      await sent
    })

    check(setup, 'carries lists of chunks, and empty chunks between them', async hosts => {
      const server = await hosts.server(echo)
      const stream = await connect(await hosts.client(), server)
      const chunks = Array.from({ length: 150 }, (_, i) => pattern(i % 7, i))
      const sent = stream.sink([new Uint8Array(0), new Uint8ArrayList(...chunks), new Uint8ArrayList(), ...chunks])

      expectBytes(await collect(stream.source), new Uint8ArrayList(...chunks, ...chunks).subarray())
      await sent
    })

    check(setup, 'carries length-prefixed messages through pipes', async hosts => {
      const server = await hosts.server(async stream => {
        await pipe(stream, source => lp.decode(source), source => lp.encode(source), stream)
      })
      const stream = await connect(await hosts.client(), server)
      const messages = [pattern(3), pattern(70_000, 1), pattern(0), pattern(200, 2)]
      const sent = pipe(messages, source => lp.encode(source), stream)
      const answers: Uint8Array[] = []
      for await (const answer of pipe(stream, source => lp.decode(source))) {
        answers.push(answer.subarray())
      }
      await sent

      expect(answers).to.have.lengthOf(messages.length)
      answers.forEach((answer, i) => { expectBytes(answer, messages[i]) })
    })

    check(setup, 'answers while the dialler still writes', async hosts => {
      const server = await hosts.server(echo)
      const stream = await connect(await hosts.client(), server)
      const answered = defer()
      const sent = stream.sink((async function * () {
        yield pattern(10)
        await answered.promise
        yield pattern(10, 1)
      })())
      const first = new Uint8ArrayList()
      while (first.byteLength < 10) {
        const { value } = await stream.source.next()
        first.append(value)
      }
      answered.resolve()

      expectBytes(first.subarray(), pattern(10))
      expectBytes(await collect(stream.source), pattern(10, 1))
      await sent
    })

    check(setup, 'keeps 100 streams apart', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        await roundTrip(client, server, pattern(1000 + i, i))
      }))
    })
  })
}
