import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { Tasks } from '../../src/dht/tasks.ts'
import { WorkQueue } from '../../src/dht/work-queue.ts'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'

interface Bench {
  readonly queue: WorkQueue
  readonly tasks: Tasks
  /** What was begun, in order. */
  readonly begun: string[]
  /** Adds work that lasts until `finish`. */
  add (id: string, name?: string): boolean
  finish (name: string, err?: Error): Promise<void>
}

function bench (concurrency: number, maxWaiting: number): Bench {
  const tasks = new Tasks(defaultLogger().forComponent('test'))
  const queue = new WorkQueue({ tasks, concurrency, maxWaiting })
  const begun: string[] = []
  const ends = new Map<string, (err?: Error) => void>()
  return {
    queue,
    tasks,
    begun,
    add: (id, name = id) => queue.add(id, async signal => {
      begun.push(name)
      await new Promise<void>((resolve, reject) => {
        ends.set(name, err => { err == null ? resolve() : reject(err) })
        signal.addEventListener('abort', () => { reject(signal.reason) })
      })
    }),
    async finish (name, err) {
      ends.get(name)?.(err)
      await macrotask()
    }
  }
}

describe('a work queue', () => {
  it('does so much at once, and the rest as it came', async () => {
    const { queue, add, begun, finish } = bench(2, 10)
    expect(['a', 'b', 'c', 'd'].map(id => add(id))).to.deep.equal([true, true, true, true])
    expect(begun).to.deep.equal(['a', 'b'])
    expect(queue.counts).to.deep.equal({ running: 2, waiting: 2 })
    await finish('b')
    expect(begun).to.deep.equal(['a', 'b', 'c'])
    await finish('a')
    await finish('c')
    await finish('d')
    expect(begun).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(queue.counts).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('lets so many wait, and takes no more', async () => {
    const { queue, add, begun, finish } = bench(1, 2)
    expect(['a', 'b', 'c', 'd'].map(id => add(id))).to.deep.equal([true, true, true, false])
    expect(queue.counts).to.deep.equal({ running: 1, waiting: 2 })
    await finish('a')
    await finish('b')
    await finish('c')
    expect(begun).to.deep.equal(['a', 'b', 'c'])
  })

  it('takes newer work for who waits in the place of the older, though it is full', async () => {
    const { add, begun, finish } = bench(1, 1)
    add('a')
    add('b', 'b, old')
    expect(add('b', 'b, new')).to.equal(true)
    await finish('a')
    expect(begun).to.deep.equal(['a', 'b, new'])
  })

  it('takes work for who is being worked on, for afterwards', async () => {
    const { add, begun, finish } = bench(1, 1)
    add('a', 'first')
    add('a', 'second')
    expect(begun).to.deep.equal(['first'])
    await finish('first')
    expect(begun).to.deep.equal(['first', 'second'])
  })

  it('drops what waits', async () => {
    const { queue, add, begun, finish } = bench(1, 5)
    add('a')
    add('b')
    add('c')
    queue.drop('b')
    queue.drop('nobody')
    queue.drop('a')
    expect(queue.counts).to.deep.equal({ running: 1, waiting: 1 })
    await finish('a')
    expect(begun).to.deep.equal(['a', 'c'])
  })

  it('goes on after work that failed', async () => {
    const { queue, add, begun, finish } = bench(1, 5)
    add('a')
    add('b')
    await finish('a', new Error('no'))
    expect(begun).to.deep.equal(['a', 'b'])
    await finish('b', new Error('no'))
    expect(queue.counts).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('does nothing any more when the node has stopped', async () => {
    const { tasks, add, begun } = bench(1, 5)
    add('a')
    add('b')
    await tasks.stop(new Error('stopped'))
    expect(begun).to.deep.equal(['a'])
    add('c')
    await macrotask()
    expect(begun).to.deep.equal(['a'])
  })

  it('begins at once where nobody may wait, if there is room', () => {
    const { add, begun } = bench(1, 0)
    expect([add('a'), add('b')]).to.deep.equal([true, false])
    expect(begun).to.deep.equal(['a'])
  })
})
