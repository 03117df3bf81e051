import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { readFrames } from '../../src/rpc/frames.ts'
import { bytes } from '../helpers/protobuf.ts'
import type { FrameReader } from '../../src/rpc/frames.ts'

const SEED = 20260102

describe('readFrames', () => {
  /** A reader of what comes in `chunks`. */
  function readerOf (chunks: ReadonlyArray<readonly Uint8Array[]>): FrameReader {
    const source = (async function * () {
      for (const parts of chunks) {
        yield new Uint8ArrayList(...parts)
      }
    })()
    return readFrames({ source, sink: async () => {}, abort () {} }, new VirtualClock(), { maxBytes: 1000 })
  }

  async function readAll (frames: FrameReader): Promise<string[]> {
    const found: string[] = []
    for await (const frame of frames) {
      found.push(frame.join())
    }
    return found
  }

  it('finds the same frames wherever the bytes are cut', async () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
    const cuts = fc.array(fc.tuple(fc.nat({ max: 200 }), fc.boolean()), { maxLength: 40 })
    await fc.assert(fc.asyncProperty(frames, cuts, async (frames, cuts) => {
      const sent = bytes(...encode(frames))
      const chunks: Uint8Array[][] = [[]]
      let at = 0
      for (const [size, isNext] of [...cuts, [sent.byteLength, true] as const]) {
        chunks[chunks.length - 1].push(sent.subarray(at, at + size))
        at = Math.min(sent.byteLength, at + size)
        if (isNext) {
          chunks.push([])
        }
      }
      expect(await readAll(readerOf(chunks))).to.deep.equal(frames.map(frame => frame.join()))
    }), { seed: SEED, numRuns: 500 })
  })

  it('gives all that came together without waiting', async () => {
    const reader = readerOf([[bytes(...encode([Uint8Array.of(1), Uint8Array.of(2)]), Uint8Array.of(3, 3))], [Uint8Array.of(3, 3)]])
    expect(reader.take()).to.equal(undefined)
    expect(await reader.wait()).to.equal(true)
    expect([reader.take(), reader.take(), reader.take()].map(frame => frame?.join())).to.deep.equal(['1', '2', undefined])
    expect(await reader.wait()).to.equal(true)
    expect(reader.take()?.join()).to.equal('3,3,3')
    expect(await reader.wait()).to.equal(false)
  })

  it('keeps of what came with a frame in pieces only what is left', async () => {
    const reader = readerOf([[Uint8Array.of(4, 1)], [new Uint8Array(500).fill(1, 0, 3).fill(2, 3, 4)]])
    await reader.wait()
    expect(reader.take()).to.have.property('byteLength', 4)
    expect(await reader.wait()).to.equal(true)
    expect(reader.take()?.join()).to.equal('0,0')
  })

  it('throws when the stream ends inside a frame', async () => {
    const reader = readerOf([[Uint8Array.of(5, 1)]])
    await expect(reader.wait()).to.eventually.be.rejected().with.property('name', 'ProtocolViolationError')
  })
})
