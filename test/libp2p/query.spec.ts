import { expect } from 'aegir/chai'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { EventTypes } from '../../src/libp2p/events.ts'
import { query } from '../../src/libp2p/query.ts'
import { countListeners } from '../helpers/listeners.ts'
import { failure } from './network.ts'
import type { QueryEvent } from '../../src/libp2p/events.ts'

function event (running: number): QueryEvent {
  return { type: EventTypes.PATH_ENDED, name: 'PATH_ENDED', path: { index: 0, queued: 0, running, total: running } }
}

async function numbersOf (events: AsyncIterable<QueryEvent>): Promise<number[]> {
  const numbers: number[] = []
  for await (const { path } of events) {
    numbers.push(path.running)
  }
  return numbers
}

/** Settles when `signal` is aborted, with its reason. */
async function untilAborted (signal: AbortSignal): Promise<never> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => { reject(signal.reason) })
  })
}

describe('a query', () => {
  it('gives all events in order, told at once or later', async () => {
    const events = query<QueryEvent>(async tell => {
      tell(event(1))
      tell(event(2))
      await macrotask()
      tell(event(3))
    }, undefined)
    expect(await numbersOf(events)).to.deep.equal([1, 2, 3])
  })

  it('begins when it is read, and not before', async () => {
    let begun = false
    const events = query<QueryEvent>(async () => { begun = true }, undefined)
    await macrotask()
    expect(begun).to.equal(false)
    await events.next()
    expect(begun).to.equal(true)
  })

  it('tells its body when all was read and more is wanted', async () => {
    const done: string[] = []
    const events = query<QueryEvent>(async (tell, signal, wanted) => {
      tell(event(1))
      tell(event(2))
      await wanted()
      done.push('more is wanted')
      tell(event(3))
      await wanted()
      done.push(signal.aborted ? 'nobody reads' : 'still more')
    }, undefined)
    await events.next()
    await macrotask()
    expect(done).to.deep.equal([])
    await events.next()
    await macrotask()
    expect(done).to.deep.equal([])
    expect((await events.next()).value).to.have.nested.property('path.running', 3)
    expect(done).to.deep.equal(['more is wanted'])
    await events.return()
    expect(done).to.deep.equal(['more is wanted', 'nobody reads'])
  })

  it('listens once to a signal that many have, and leaves nothing on it', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    const queries = Array.from({ length: 12 }, () => query<QueryEvent>(async () => macrotask(), signal))
    await Promise.all(queries.map(async events => events.next()))
    expect(listeners).to.deep.equal({ now: 0, most: 1 })
  })

  it('no longer keeps its body waiting when its signal is aborted', async () => {
    const controller = new AbortController()
    const events = query<QueryEvent>(async (tell, signal, wanted) => {
      tell(event(1))
      await wanted()
      signal.throwIfAborted()
    }, controller.signal)
    await events.next()
    controller.abort(new RangeError('enough'))
    expect(await failure(events.next())).to.equal('RangeError')
  })

  it('throws what its body throws, after what was told before', async () => {
    const seen: number[] = []
    const events = query<QueryEvent>(async tell => {
      tell(event(1))
      throw new TypeError('no')
    }, undefined)
    const task = (async () => {
      for await (const { path } of events) {
        seen.push(path.running)
      }
    })()
    expect(await failure(task)).to.equal('TypeError')
    expect(seen).to.deep.equal([1])
  })

  it('is aborted when its loop is left, and over when that is done', async () => {
    let reason: unknown
    let over = false
    const events = query<QueryEvent>(async (tell, signal) => {
      tell(event(1))
      await untilAborted(signal).catch(err => { reason = err })
      await macrotask()
      over = true
    }, undefined)
    expect((await events.next()).value).to.deep.equal(event(1))
    await events.return()
    expect(reason).to.be.an('error')
    expect(over).to.equal(true)
  })

  it('ends for those who wait when it is left', async () => {
    const events = query<QueryEvent>(async (tell, signal) => untilAborted(signal), undefined)
    const waiting = [events.next(), events.next()]
    await events.return()
    expect(await Promise.all(waiting)).to.deep.equal(Array(2).fill({ done: true, value: undefined }))
  })

  it('gives each of several readers an event of its own, and all of them the end', async () => {
    const events = query<QueryEvent>(async tell => {
      await macrotask()
      tell(event(1))
      tell(event(2))
    }, undefined)
    const results = await Promise.all([events.next(), events.next(), events.next(), events.next()])
    expect(results.map(({ value }) => value?.path.running)).to.deep.equal([1, 2, undefined, undefined])
  })

  it('is over for good once it was left, even before it began', async () => {
    let begun = false
    const events = query<QueryEvent>(async () => { begun = true }, undefined)
    await events.return()
    expect(await events.next()).to.deep.equal({ done: true, value: undefined })
    expect(begun).to.equal(false)
  })

  it('gives nothing of what was told before it was left', async () => {
    const events = query<QueryEvent>(async tell => {
      tell(event(1))
      tell(event(2))
      throw new Error('and failed')
    }, undefined)
    await events.next()
    expect(await events.return()).to.deep.equal({ done: true, value: undefined })
    expect(await events.next()).to.deep.equal({ done: true, value: undefined })
  })

  it('throws the reason of its signal', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const events = query<QueryEvent>(async (tell, signal) => untilAborted(signal), controller.signal)
    const task = events.next()
    controller.abort(reason)
    await expect(task).to.eventually.be.rejected.with.property('message', 'enough')
  })

  it('does not begin with a signal that was aborted before', async () => {
    let begun = false
    const events = query<QueryEvent>(async () => { begun = true }, AbortSignal.abort(new Error('enough')))
    await expect(events.next()).to.eventually.be.rejectedWith('enough')
    expect(begun).to.equal(false)
  })

  it('lets go of its signal', async () => {
    const signal = new AbortController().signal
    const listeners = new Set<unknown>()
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (type: string, listener: never, options?: never) => { listeners.add(listener); addEventListener.call(signal, type, listener, options) }
    signal.removeEventListener = (type: string, listener: never) => { listeners.delete(listener); removeEventListener.call(signal, type, listener) }
    const events = query<QueryEvent>(async (tell, signal) => {
      tell(event(1))
      await untilAborted(signal)
    }, signal)
    await events.next()
    expect(listeners.size).to.equal(1)
    await events.return()
    expect(listeners.size).to.equal(0)
    await query<QueryEvent>(async () => {}, signal).next()
    expect(listeners.size).to.equal(0)
  })
})
