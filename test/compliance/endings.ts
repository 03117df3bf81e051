import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { check } from './network.ts'
import { collect, connect, defer, echo, expectBytes, failureOf, pattern, roundTrip, thenSilence } from './streams.ts'
import type { HostSetup } from './network.ts'
import type { Stream } from '../../src/rpc/connection.ts'

/** How both directions fail after a reset: [source, sink]. The source must have yielded a byte before. */
async function failuresOf (stream: Stream): Promise<unknown[]> {
  return Promise.all([
    failureOf(collect(stream.source)),
    failureOf(stream.sink(thenSilence(pattern(1))))
  ])
}

/** A stream ends in two halves, or all at once. */
export function endingsCompliance (setup: HostSetup): void {
  describe('endings', () => {
    check(setup, 'lets the handler answer after the dialler has ended', async hosts => {
      const server = await hosts.server(async stream => {
        const request = await collect(stream.source)
        await stream.sink([request, request])
      })
      const stream = await connect(await hosts.client(), server)
      await stream.sink([pattern(500)])

      expectBytes(await collect(stream.source), new Uint8ArrayList(pattern(500), pattern(500)).subarray())
    })

    check(setup, 'lets the dialler write after the handler has ended', async hosts => {
      const received = defer<Uint8Array>()
      const server = await hosts.server(async stream => {
        await stream.sink([pattern(20)])
        received.resolve(await collect(stream.source))
      })
      const stream = await connect(await hosts.client(), server)
      expectBytes(await collect(stream.source), pattern(20))
      await stream.sink([pattern(500, 1)])

      expectBytes(await received.promise, pattern(500, 1))
    })

    check(setup, 'ends a source that nobody wrote to', async hosts => {
      const server = await hosts.server(async stream => { await stream.sink([]) })
      const stream = await connect(await hosts.client(), server)

      expect(await collect(stream.source)).to.have.lengthOf(0)
      expect(await stream.source.next()).to.have.property('done', true)
      await stream.sink([])
    })

    check(setup, 'takes one source', async hosts => {
      const server = await hosts.server(async stream => { await stream.sink(thenSilence(pattern(1))) })
      const stream = await connect(await hosts.client(), server)
      await stream.sink([pattern(1)])

      const failure = await failureOf(stream.sink([pattern(1)]))
      expect(failure).to.have.property('message').that.matches(/^a stream is written once/)
      expect(await failureOf(collect(stream.source)), 'it is reset').to.equal(failure)
    })

    check(setup, 'goes on after the dialler has left its read loop', async hosts => {
      const received = defer<Uint8Array>()
      const server = await hosts.server(async stream => {
        const [request] = await Promise.all([collect(stream.source), stream.sink([pattern(1)])])
        received.resolve(request)
      })
      const stream = await connect(await hosts.client(), server)
      expect(await stream.source.next()).to.have.nested.property('value.byteLength', 1)
      await stream.source.return(undefined)
      await stream.sink([pattern(100_000)])

      expectBytes(await received.promise, pattern(100_000))
    })

    check(setup, 'resets both sides when the dialler aborts', async hosts => {
      const failures = defer<unknown[]>()
      const server = await hosts.server(async stream => { failures.resolve(failuresOf(stream)) })
      const stream = await connect(await hosts.client(), server)
      await stream.source.next()
      const ours = failuresOf(stream)
      const reason = new Error('we have heard enough')
      stream.abort(reason)

      expect(await ours).to.deep.equal([reason, reason])
      for (const failure of await failures.promise) {
        expect(failure).to.be.an.instanceOf(Error)
      }
    })

    check(setup, 'resets both sides when the handler aborts', async hosts => {
      const reason = new Error('we do not like this')
      const failures = defer<unknown[]>()
      const server = await hosts.server(async stream => {
        await stream.source.next()
        const ours = failuresOf(stream)
        stream.abort(reason)
        failures.resolve(ours)
      })
      const stream = await connect(await hosts.client(), server)

      for (const failure of await failuresOf(stream)) {
        expect(failure).to.be.an.instanceOf(Error)
      }
      expect(await failures.promise).to.deep.equal([reason, reason])
    })

    check(setup, 'resets when the handler throws, and serves the next stream', async hosts => {
      let calls = 0
      const server = await hosts.server(async stream => {
        calls++
        if (calls === 1) {
          throw new Error('a handler failed on purpose')
        }
        await echo(stream)
      })
      const client = await hosts.client()
      const stream = await connect(client, server)

      for (const failure of await failuresOf(stream)) {
        expect(failure).to.be.an.instanceOf(Error)
      }
      await roundTrip(client, server)
    })

    check(setup, 'resets when what the sink writes throws', async hosts => {
      const failure = defer<unknown>()
      const server = await hosts.server(async stream => { failure.resolve(failureOf(collect(stream.source))) })
      const stream = await connect(await hosts.client(), server)
      const reason = new Error('the source broke')
      const reading = failureOf(collect(stream.source))
      const sent = stream.sink((async function * () {
        yield pattern(10)
        throw reason
      })())

      expect(await failureOf(sent)).to.equal(reason)
      expect(await reading).to.equal(reason)
      expect(await failure.promise).to.be.an.instanceOf(Error)
    })

    check(setup, 'lets go of what the sink writes when the stream is reset', async hosts => {
      const server = await hosts.server(async stream => {
        await stream.source.next()
        stream.abort(new Error('no more'))
      })
      const stream = await connect(await hosts.client(), server)
      const released = defer()
      const chunk = pattern(65_536)
      const sent = stream.sink((async function * () {
        try {
          for (;;) {
            yield chunk
          }
        } finally {
          released.resolve()
        }
      })())

      expect(await failureOf(sent)).to.be.an.instanceOf(Error)
      await released.promise
    })

    check(setup, 'fails what is read or written after an abort', async hosts => {
      const server = await hosts.server(echo)
      const stream = await connect(await hosts.client(), server)
      const reason = new Error('not needed after all')
      stream.abort(reason)

      expect(await failureOf(collect(stream.source))).to.equal(reason)
      expect(await failureOf(stream.sink([pattern(10)]))).to.equal(reason)
    })

    check(setup, 'takes the first of two aborts, and none after the end', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      const aborted = await connect(client, server)
      const reason = new Error('the first')
      const reading = failureOf(collect(aborted.source))
      aborted.abort(reason)
      aborted.abort(new Error('the second'))
      expect(await reading).to.equal(reason)

      const ended = await connect(client, server)
      await Promise.all([collect(ended.source), ended.sink([pattern(10)])])
      ended.abort(new Error('too late'))
      expect(await ended.source.next()).to.have.property('done', true)
      await roundTrip(client, server)
    })

    check(setup, 'resets the streams of a host that stops, on both sides', async hosts => {
      const failures = defer<unknown[]>()
      const server = await hosts.server(async stream => { failures.resolve(failuresOf(stream)) })
      const stream = await connect(await hosts.client(), server)
      await stream.source.next()
      const ours = failuresOf(stream)
      await server.stop()

      for (const failure of [...await ours, ...await failures.promise]) {
        expect(failure).to.be.an.instanceOf(Error)
      }
    })

    check(setup, 'forgets streams that are over', async hosts => {
      const server = await hosts.server(echo)
      const client = await hosts.client()
      await roundTrip(client, server)
      const aborted = await connect(client, server)
      aborted.abort(new Error('not needed after all'))

      // the server learns of the end a little later: other round trips give it time
      const other = await hosts.server(echo)
      for (let turns = 0; turns < 100 && ((server.openStreams?.() ?? 0) + (client.openStreams?.() ?? 0)) > 0; turns++) {
        await roundTrip(await hosts.client(), other)
      }
      expect(server.openStreams?.() ?? 0).to.equal(0)
      expect(client.openStreams?.() ?? 0).to.equal(0)
    })
  })
}
