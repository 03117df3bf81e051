import { expect } from 'aegir/chai'
import { byMessage } from '../../src/hosts/memory/macrotask.ts'
import { DeadlockError, VirtualClock } from '../../src/memory.ts'
import fc from '../helpers/fast-check.ts'

/** Resolves after `ms` of `clock`. */
async function after (clock: VirtualClock, ms: number): Promise<void> {
  return new Promise(resolve => { clock.schedule(ms, resolve) })
}

describe('VirtualClock', () => {
  it('starts at a fixed time, or where it is told', () => {
    expect(new VirtualClock().now()).to.equal(Date.UTC(2020, 0, 1))
    expect(new VirtualClock({ start: 5 }).now()).to.equal(5)
  })

  it('makes calls in the order of their times, and of scheduling at the same time', async () => {
    const clock = new VirtualClock({ start: 0 })
    const made: string[] = []
    const note = (name: string) => () => { made.push(`${name} at ${clock.now()}`) }
    clock.schedule(20, note('c'))
    clock.schedule(10, note('a'))
    clock.schedule(20, note('d'))
    clock.schedule(10, note('b'))
    await clock.advance(30)

    expect(made).to.deep.equal(['a at 10', 'b at 10', 'c at 20', 'd at 20'])
    expect(clock.now()).to.equal(30)
  })

  it('makes no call that was cancelled, and forgets it at once', async () => {
    const clock = new VirtualClock()
    let calls = 0
    const cancels = Array.from({ length: 100 }, (_, i) => clock.schedule(i % 7, () => { calls++ }))
    cancels.forEach((cancel, i) => { (i % 3 === 0) || cancel() })
    expect(clock.pending).to.equal(34)
    cancels.forEach((cancel, i) => { (i % 3 === 0) || cancel() })
    expect(clock.pending).to.equal(34)
    await clock.advance(10)
    cancels.forEach(cancel => { cancel() })

    expect(calls).to.equal(34)
    expect(clock.pending).to.equal(0)
  })

  it('does not make a call that another of the same instant cancels', async () => {
    const clock = new VirtualClock()
    let calls = 0
    clock.schedule(10, () => { cancel() })
    const cancel = clock.schedule(10, () => { calls++ })
    await clock.advance(10)

    expect(calls).to.equal(0)
  })

  it('takes what is no positive number for at once', async () => {
    const clock = new VirtualClock({ start: 0 })
    const made: number[] = []
    for (const ms of [0, -1, NaN]) {
      clock.schedule(ms, () => { made.push(clock.now()) })
    }
    await clock.advance(0)

    expect(made).to.deep.equal([0, 0, 0])
  })

  it('behaves like a sorted list', async () => {
    const workload = fc.array(fc.record({ ms: fc.nat(50), cancelled: fc.boolean(), again: fc.option(fc.nat(50)) }), { maxLength: 200 })
    await fc.assert(fc.asyncProperty(workload, async calls => {
      const clock = new VirtualClock({ start: 0 })
      const made: number[][] = []
      const note = (name: number): void => { made.push([clock.now(), name]) }
      const make = (i: number): void => {
        note(i)
        if (calls[i].again != null) {
          clock.schedule(calls[i].again, note.bind(undefined, i + calls.length))
        }
      }
      const cancels = calls.map(({ ms }, i) => clock.schedule(ms, make.bind(undefined, i)))
      calls.forEach(({ cancelled }, i) => {
        if (cancelled) {
          cancels[i]()
        }
      })
      await clock.advance(1000)

      // sequence: the first calls by index, later ones in the order of the calls that schedule them
      const first = calls.flatMap(({ ms, cancelled, again }, i) => cancelled ? [] : [{ time: ms, name: i, again }])
        .sort((a, b) => a.time - b.time || a.name - b.name)
      const expected = simulate(first, calls.length)
      expect(made).to.deep.equal(expected)
      expect(clock.pending).to.equal(0)
    }), { seed: 7, numRuns: 200 })
  })

  it('runs until a promise settles, and no further', async () => {
    const clock = new VirtualClock({ start: 0 })
    let late = 0
    clock.schedule(11, () => { late++ })
    const result = await clock.run(after(clock, 10).then(() => 'done'))

    expect(result).to.equal('done')
    expect(clock.now()).to.equal(10)
    expect(late).to.equal(0)
    expect(clock.pending).to.equal(1)
  })

  it('throws what the promise rejects with', async () => {
    const clock = new VirtualClock()
    const reason = new Error('on purpose')
    const failing = after(clock, 10).then(() => { throw reason })

    await expect(clock.run(failing)).to.eventually.be.rejected().and.equal(reason)
  })

  it('lets everything run that can before time passes', async () => {
    const clock = new VirtualClock({ start: 0 })
    const made: string[] = []
    clock.schedule(10, () => { made.push('timer') })
    await clock.run((async () => {
      for (let i = 0; i < 1000; i++) {
        await Promise.resolve()
      }
      made.push('promises')
      await after(clock, 20)
    })())

    expect(made).to.deep.equal(['promises', 'timer'])
  })

  it('lets promises run before what was scheduled meanwhile for the same instant', async () => {
    const clock = new VirtualClock()
    const made: string[] = []
    clock.schedule(10, () => {
      Promise.resolve().then(() => { made.push('promise') }, () => {})
      clock.schedule(0, () => { made.push('timer') })
    })
    await clock.advance(10)

    expect(made).to.deep.equal(['promise', 'timer'])
  })

  it('may be run by many at once, also from inside a run', async () => {
    const clock = new VirtualClock({ start: 0 })
    const times: number[] = []
    const outer = clock.run((async () => {
      await after(clock, 10)
      await clock.run(after(clock, 10))
      times.push(clock.now())
      await clock.advance(5)
      times.push(clock.now())
    })())
    const other = clock.advance(100).then(() => { times.push(clock.now()) })
    await Promise.all([outer, other])

    expect(times).to.deep.equal([20, 25, 100])
  })

  it('advances in steps without losing a call between them', async () => {
    const clock = new VirtualClock({ start: 0 })
    const made: number[] = []
    const tick = (): void => {
      made.push(clock.now())
      clock.schedule(10, tick)
    }
    clock.schedule(10, tick)
    await clock.advance(25)
    expect(made).to.deep.equal([10, 20])
    await clock.advance(5)

    expect(made).to.deep.equal([10, 20, 30])
    expect(clock.now()).to.equal(30)
  })

  it('says so when nothing can settle the promise', async () => {
    const clock = new VirtualClock()
    clock.schedule(10, () => {})

    await expect(clock.run(new Promise(() => {}))).to.eventually.be.rejected().and.be.an.instanceOf(DeadlockError)
    await clock.run(after(clock, 10))
  })

  it('throws what a call throws, and goes on', async () => {
    const clock = new VirtualClock({ start: 0 })
    const reason = new Error('on purpose')
    let calls = 0
    clock.schedule(10, () => { throw reason })
    clock.schedule(10, () => { calls++ })

    await expect(clock.advance(10)).to.eventually.be.rejected().and.equal(reason)
    await clock.advance(0)
    expect(calls).to.equal(1)
  })
})

describe('macrotask by message', () => {
  it('comes after all microtasks, in order', async () => {
    const macrotask = byMessage()
    const order: string[] = []
    const microtasks = (async () => {
      for (let i = 0; i < 100; i++) {
        await Promise.resolve()
      }
      order.push('microtasks')
    })()
    await Promise.all([
      macrotask().then(() => { order.push('first') }),
      macrotask().then(() => { order.push('second') }),
      microtasks
    ])

    expect(order).to.deep.equal(['microtasks', 'first', 'second'])
  })
})

interface Call {
  time: number
  name: number
  again?: number | null
}

/** What a sorted list would make of it: [time, name] of each call, in order. */
function simulate (first: Call[], offset: number): number[][] {
  const list = [...first]
  const made: number[][] = []
  for (let next = list.shift(); next != null; next = list.shift()) {
    const { time, name, again } = next
    made.push([time, name])
    if (again != null) {
      const later = time + again
      const place = list.findIndex(call => call.time > later)
      list.splice(place < 0 ? list.length : place, 0, { time: later, name: name + offset })
    }
  }
  return made
}
