import { expect } from 'aegir/chai'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { Turns } from '../../src/store/turns.ts'

describe('store/turns', () => {
  let turns: Turns
  let working: number
  let done: string[]

  beforeEach(() => {
    turns = new Turns()
    working = 0
    done = []
  })

  /** Work that takes a while, and must not meet other work. */
  async function work (name: string, err?: Error): Promise<void> {
    expect(++working, name).to.equal(1)
    await macrotask()
    working--
    done.push(name)
    if (err != null) {
      throw err
    }
  }

  it('come one after the other, as they were asked for, whatever has ended meanwhile', async () => {
    const [first, second] = ['a', 'b'].map(async name => turns.take('thing', async () => work(name)))
    await first
    const third = turns.take('thing', async () => work('c'))
    await second
    const fourth = turns.take('thing', async () => work('d'))
    expect(turns.isFree('thing')).to.equal(false)
    await Promise.all([third, fourth])
    expect(done).to.deep.equal(['a', 'b', 'c', 'd'])
    expect(turns.isFree('thing')).to.equal(true)
  })

  it('go on after work that failed, whose error its own taker alone is told', async () => {
    const failing = turns.take('thing', async () => work('a', new Error('no luck')))
    const next = turns.take('thing', async () => work('b'))
    await expect(failing).to.eventually.be.rejectedWith('no luck')
    await next
    expect(done).to.deep.equal(['a', 'b'])
  })

  it('of one thing do not wait for those of another', async () => {
    let free = (): void => {}
    const blocked = turns.take('thing', async () => new Promise<void>(resolve => { free = resolve }))
    await turns.take('another', async () => work('a'))
    expect([turns.isFree('thing'), turns.isFree('another')]).to.deep.equal([false, true])
    free()
    await blocked
  })
})
