import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { Tasks } from '../../src/dht/tasks.ts'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'

describe('tasks', () => {
  const clock = new VirtualClock()
  let tasks: Tasks
  let begun: string[]

  beforeEach(() => {
    tasks = new Tasks(defaultLogger().forComponent('test'))
    begun = []
  })

  const task = (name: string) => async (signal: AbortSignal): Promise<void> => {
    expect(signal).to.equal(tasks.signal)
    begun.push(name)
  }

  it('begin when it is time for them', async () => {
    tasks.after(clock, 10, task('later'))
    tasks.after(clock, 5, task('soon'))
    await clock.advance(4)
    expect(begun).to.deep.equal([])
    await clock.advance(1)
    expect(begun).to.deep.equal(['soon'])
    await clock.advance(5)
    expect(begun).to.deep.equal(['soon', 'later'])
    expect(clock.pending).to.equal(0)
  })

  it('do not begin once they are cancelled, nor have a timer then', async () => {
    const cancel = tasks.after(clock, 10, task('never'))
    tasks.after(clock, 10, task('other'))
    cancel()
    expect(clock.pending).to.equal(1)
    await clock.advance(10)
    expect(begun).to.deep.equal(['other'])
    cancel()
  })

  it('leave no timer when the node stops, and begin no more after that', async () => {
    tasks.after(clock, 10, task('never'))
    await tasks.stop(new Error('over'))
    expect(clock.pending).to.equal(0)
    tasks.after(clock, 10, task('too late'))()
    tasks.run(task('too late, too'))
    expect(clock.pending).to.equal(0)
    expect(begun).to.deep.equal([])
  })

  it('that run when the node stops are aborted and awaited', async () => {
    let ended = false
    tasks.after(clock, 1, async signal => {
      await new Promise(resolve => { signal.addEventListener('abort', resolve) })
      await macrotask()
      ended = true
    })
    await clock.advance(1)
    await tasks.stop(new Error('over'))
    expect(ended).to.equal(true)
  })

  it('may fail: nobody hears of it but the log', async () => {
    tasks.after(clock, 1, async () => { throw new Error('no luck') })
    tasks.after(clock, 2, task('next'))
    await clock.advance(2)
    expect(begun).to.deep.equal(['next'])
    await tasks.stop(new Error('over'))
  })
})
