import { expect } from 'aegir/chai'
import { encode } from 'it-length-prefixed'
import { MAX_BATCH_BYTES } from '../../src/rpc/limits.ts'
import { Outbox } from '../../src/rpc/outbox.ts'
import { bytes } from '../helpers/protobuf.ts'

const [a, b, c] = [1, 2, 3].map(n => new Uint8Array(n).fill(n))

/** As they travel. */
function framed (...frames: Uint8Array[]): string {
  return bytes(...encode(frames, { maxDataLength: Infinity })).join()
}

async function nextOf (outbox: Outbox): Promise<string> {
  const { value } = await outbox.next()
  return value?.subarray().join() ?? 'the end'
}

describe('Outbox', () => {
  it('gives frames of the same turn in one piece, in order', async () => {
    const outbox = new Outbox()
    const given = nextOf(outbox)
    outbox.push(a)
    await Promise.resolve()
    outbox.push(b)
    await Promise.resolve()
    outbox.push(c)
    expect(await given).to.equal(framed(a, b, c))
  })

  it('tells its own stream what goes wrong, and holds up no other', async () => {
    const failure = new Error('no timer left')
    const broken = new Outbox(() => { throw failure })
    const sound = new Outbox()
    const given = [broken.next(), nextOf(sound)]
    broken.push(a)
    sound.push(b)
    const [failed, settled] = await Promise.allSettled(given)
    expect(failed).to.deep.equal({ status: 'rejected', reason: failure })
    expect(settled).to.deep.equal({ status: 'fulfilled', value: framed(b) })

    const later = nextOf(sound)
    sound.push(c)
    expect(await later).to.equal(framed(c))
  })

  it('gives frames that wait already in one piece', async () => {
    const outbox = new Outbox()
    outbox.push(a)
    outbox.push(b)
    expect(await nextOf(outbox)).to.equal(framed(a, b))
  })

  it('lets no frame wait for a later turn', async () => {
    const outbox = new Outbox()
    const given = nextOf(outbox)
    outbox.push(a)
    const turn = new Promise(resolve => { setTimeout(() => { resolve('a turn') }, 0) })
    expect(await Promise.race([given, turn])).to.equal(framed(a))
  })

  it('gives at once when flushed', async () => {
    const outbox = new Outbox()
    const given = nextOf(outbox)
    outbox.push(a)
    outbox.flush()
    outbox.push(b)
    expect(await given).to.equal(framed(a))
    expect(await nextOf(outbox)).to.equal(framed(b))
  })

  it('fills a batch up to its bound, and has a larger frame leave alone, not copied', async () => {
    const outbox = new Outbox()
    const half = new Uint8Array(MAX_BATCH_BYTES / 2)
    const large = new Uint8Array(MAX_BATCH_BYTES + 1)
    for (const frame of [half, half, a, large, b]) {
      outbox.push(frame)
    }
    expect(await nextOf(outbox)).to.equal(framed(half, half))
    expect(await nextOf(outbox)).to.equal(framed(a))
    const { value } = await outbox.next()
    expect(value == null ? [] : [...value].at(-1)).to.equal(large)
    expect(await nextOf(outbox)).to.equal(framed(b))
  })

  it('tells when a frame has been taken: when the next is asked for', async () => {
    const outbox = new Outbox()
    const taken: string[] = []
    outbox.push(a, () => { taken.push('a') })
    outbox.push(b)
    outbox.push(c, () => { taken.push('c') })
    await outbox.next()
    expect(taken).to.deep.equal([])
    void outbox.next()
    expect(taken).to.deep.equal(['a', 'c'])
  })

  it('gives what there is to a stream that is not open yet; it is taken when that asks for more', async () => {
    const outbox = new Outbox()
    expect(outbox.takeEarly()).to.equal(undefined)
    let taken = 0
    outbox.push(a)
    outbox.push(b, () => { taken++ })
    expect(outbox.takeEarly()?.join()).to.equal(framed(a, b))
    expect(outbox.takeEarly()).to.equal(undefined)
    expect(outbox.untaken).to.equal(a.byteLength + b.byteLength)
    outbox.push(c)
    expect(taken).to.equal(0)
    expect(await nextOf(outbox)).to.equal(framed(c))
    expect(taken).to.equal(1)
  })

  it('gives no long frame early, nor what is behind it', async () => {
    const outbox = new Outbox()
    const large = new Uint8Array(MAX_BATCH_BYTES + 1)
    outbox.push(large)
    outbox.push(a)
    expect(outbox.takeEarly()).to.equal(undefined)
    expect(await nextOf(outbox)).to.equal(framed(large))
    expect(await nextOf(outbox)).to.equal(framed(a))
  })

  it('knows what is not taken yet, and lets its owner wait for that', async () => {
    const outbox = new Outbox()
    const given = nextOf(outbox)
    outbox.push(b)
    expect(outbox.untaken).to.equal(b.byteLength)
    let isTaken = false
    const taken = outbox.taken().then(() => { isTaken = true })
    await given
    expect(outbox.untaken).to.equal(b.byteLength)
    expect(isTaken).to.equal(false)
    void outbox.next()
    await taken
    expect(outbox.untaken).to.equal(0)
  })

  it('lets nobody wait for a stream that takes nothing any more', async () => {
    const outbox = new Outbox()
    outbox.push(a)
    const taken = outbox.taken()
    await outbox.return()
    await taken
  })

  it('ends, or fails, at once when the stream waits for more, and takes nothing after that', async () => {
    const [ending, failing] = [new Outbox(), new Outbox()]
    const reason = new Error('no more')
    const given = [nextOf(ending), failing.next().catch((err: unknown) => err)]
    ending.end()
    failing.fail(reason)
    expect(await Promise.all(given)).to.deep.equal(['the end', reason])
    ending.push(a)
    ending.fail(reason)
    expect([ending.untaken, ending.isOpen, failing.isOpen]).to.deep.equal([0, false, false])
    expect(await nextOf(ending)).to.equal('the end')
  })

  it('lets nobody wait where nothing is to be taken, and goes on', async () => {
    const outbox = new Outbox()
    const given = nextOf(outbox)
    await outbox.taken()
    expect(outbox.isOpen).to.equal(true)
    outbox.push(a)
    expect(await given).to.equal(framed(a))
  })

  it('ends, or fails, when all has been given', async () => {
    const [ending, failing] = [new Outbox(), new Outbox()]
    const reason = new Error('no more')
    ending.push(a)
    ending.end()
    failing.push(a)
    failing.fail(reason)
    expect([await nextOf(ending), await nextOf(failing)]).to.deep.equal([framed(a), framed(a)])
    expect(await nextOf(ending)).to.equal('the end')
    await expect(failing.next()).to.eventually.be.rejected().and.equal(reason)
  })
})
