import { expect } from 'aegir/chai'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { SourceWriter } from '../../src/iteration/source-writer.ts'

/** Takes numbers, and says when it has no room. */
class Shelf extends SourceWriter<number> {
  readonly taken: number[] = []
  readonly aborted: unknown[] = []
  room = Infinity
  ends = 0
  onEnd: () => Promise<void> | undefined = () => undefined

  makeRoom (places: number): void {
    this.room += places
    this.resume()
  }

  protected override take (n: number): boolean {
    if (n < 0) {
      throw new Error('nothing below zero is taken')
    }
    this.taken.push(n)
    return --this.room > 0
  }

  protected override end (): Promise<void> | undefined {
    this.ends++
    return this.onEnd()
  }

  protected override abort (thrown: unknown): void {
    this.aborted.push(thrown)
  }
}

/** Gives one number and then waits for ever; counts how often it was let go of. */
class Stuck implements AsyncIterableIterator<number> {
  left = 0
  #given = false

  async next (): Promise<IteratorResult<number>> {
    if (this.#given) {
      return new Promise(() => {})
    }
    this.#given = true
    return { done: false, value: 1 }
  }

  async return (): Promise<IteratorResult<number>> {
    this.left++
    throw new Error('a failure nobody has to hear of')
  }

  [Symbol.asyncIterator] (): this {
    return this
  }
}

async function failureOf (work: Promise<void>): Promise<unknown> {
  return work.then(() => 'no failure', (err: unknown) => err)
}

describe('SourceWriter', () => {
  let shelf: Shelf

  beforeEach(() => {
    shelf = new Shelf()
  })

  it('writes an iterable or an async one to its end', async () => {
    await shelf.sink([1, 2, 3])
    expect(shelf).to.deep.include({ taken: [1, 2, 3], ends: 1, aborted: [] })
    const other = new Shelf()
    await other.sink((async function * () { yield * [1, 2, 3] })())
    expect(other).to.deep.include({ taken: [1, 2, 3], ends: 1, aborted: [] })
  })

  it('waits for room', async () => {
    shelf.room = 2
    let asked = 0
    const written = shelf.sink((function * () {
      for (; asked < 5;) {
        yield ++asked
      }
    })())
    await macrotask()
    expect([shelf.taken, asked]).to.deep.equal([[1, 2], 2])
    shelf.makeRoom(1)
    await macrotask()
    expect([shelf.taken, asked]).to.deep.equal([[1, 2, 3], 3])
    shelf.makeRoom(10)
    await written
    expect(shelf).to.deep.include({ taken: [1, 2, 3, 4, 5], ends: 1 })
  })

  it('is done when the end is', async () => {
    let onEnded = (): void => {}
    shelf.onEnd = () => new Promise(resolve => { onEnded = resolve })
    let isDone = false
    const written = shelf.sink([1]).then(() => { isDone = true })
    await macrotask()
    expect([shelf.ends, isDone]).to.deep.equal([1, false])
    onEnded()
    await written
  })

  it('stops at once on a failure, also while it waits for the source', async () => {
    const source = new Stuck()
    const failure = failureOf(shelf.sink(source))
    await macrotask()
    const err = new Error('on purpose')
    shelf.fail(err)
    expect(await failure).to.equal(err)
    expect([source.left, shelf.taken, shelf.aborted, shelf.ends]).to.deep.equal([1, [1], [], 0])
    shelf.makeRoom(1)
    expect(shelf.taken).to.deep.equal([1])
  })

  it('stops on a failure while it waits for room, or for the end', async () => {
    shelf.room = 1
    const full = failureOf(shelf.sink([1, 2]))
    const ending = new Shelf()
    ending.onEnd = () => new Promise(() => {})
    const ended = failureOf(ending.sink([]))
    await macrotask()
    const err = new Error('on purpose')
    shelf.fail(err)
    ending.fail(err)
    expect([await full, await ended]).to.deep.equal([err, err])
  })

  it('takes nothing after a failure', async () => {
    const source = new Stuck()
    const err = new Error('on purpose')
    shelf.fail(err)
    shelf.fail(new Error('another'))
    expect(await failureOf(shelf.sink(source))).to.equal(err)
    expect([source.left, shelf.taken]).to.deep.equal([1, []])
  })

  it('lets what has been written to its end be', async () => {
    const written = shelf.sink([1])
    await written
    shelf.fail(new Error('too late'))
    await written
    expect(shelf.aborted).to.deep.equal([])
  })

  it('aborts when the source throws or rejects', async () => {
    const err = new Error('on purpose')
    const throws: Iterable<number> = { [Symbol.iterator]: () => ({ next () { throw err } }) }
    const rejects: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(err) }) }
    for (const source of [throws, rejects]) {
      const each = new Shelf()
      expect(await failureOf(each.sink(source))).to.equal(err)
      expect(each).to.deep.include({ aborted: [err], ends: 0 })
    }
  })

  it('aborts when taking or ending fails', async () => {
    const thrown = await failureOf(shelf.sink([1, -1, 2]))
    expect(thrown).to.have.property('message', 'nothing below zero is taken')
    expect(shelf).to.deep.include({ taken: [1], aborted: [thrown] })
    const ending = new Shelf()
    ending.onEnd = () => Promise.reject(new Error('on purpose'))
    const failure = await failureOf(ending.sink([]))
    expect(failure).to.have.property('message', 'on purpose')
    expect(ending.aborted).to.deep.equal([failure])
  })

  it('takes one source only', async () => {
    const first = failureOf(shelf.sink(new Stuck()))
    const thrown = await failureOf(shelf.sink([2]))
    expect(thrown).to.have.property('message').that.matches(/^a stream is written once/)
    expect(shelf.aborted).to.deep.equal([thrown])
    shelf.fail(new Error('on purpose'))
    await first
    expect(shelf.taken).to.deep.equal([1])
  })
})
