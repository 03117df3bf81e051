import { expect } from 'aegir/chai'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { macrotask } from '../../src/hosts/memory/macrotask.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { StreamResetError } from '../../src/rpc/errors.ts'
import { FrameReader } from '../../src/rpc/frames.ts'
import fc from '../helpers/fast-check.ts'
import { bytes } from '../helpers/protobuf.ts'
import { repetitions } from '../helpers/repetitions.ts'

const SEED = 20260102

describe('FrameReader', () => {
  /** A reader of what comes in `chunks`. */
  function readerOf (chunks: ReadonlyArray<readonly Uint8Array[]>, maxBytes = 1000): FrameReader {
    const source = (async function * () {
      for (const parts of chunks) {
        yield new Uint8ArrayList(...parts)
      }
    })()
    return new FrameReader({ source, sink: async () => {}, abort () {} }, new VirtualClock(), { maxBytes })
  }

  /** All frames, as text: those of one array were there together. */
  async function readAll (reader: FrameReader): Promise<string[][]> {
    const found: string[][] = []
    await reader.readAll(() => {
      const frames: string[] = []
      for (let frame = reader.take(); frame != null; frame = reader.take()) {
        frames.push(frame.join())
      }
      found.push(frames)
    })
    return found
  }

  // parts of more than a pile are held as they came, shorter ones are copied together
  for (const [size, maxFrame, maxPart] of [['short', 300, 200], ['long', 12_000, 9_000]] as const) {
    it(`finds the same frames wherever the bytes are cut, into ${size} parts`, async () => {
      const lengths = fc.array(fc.nat({ max: maxFrame }), { maxLength: 8 })
      const cuts = fc.array(fc.tuple(fc.nat({ max: maxPart }), fc.boolean()), { maxLength: 40 })
      await fc.assert(fc.asyncProperty(lengths, fc.nat({ max: 255 }), cuts, async (lengths, first, cuts) => {
        let next = first
        const frames = lengths.map(length => Uint8Array.from({ length }, () => next++))
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
        expect((await readAll(readerOf(chunks, maxFrame))).flat()).to.deep.equal(frames.map(frame => frame.join()))
      }), { seed: SEED, numRuns: repetitions(size === 'short' ? 500 : 100) })
    })
  }

  describe('of a stream that owns its memory', () => {
    /** All frames of what comes in `chunks`, as the stream's own, each to be used as soon as it is released. */
    async function framesOf (chunks: readonly Uint8Array[], onFrame: (frame: Uint8Array, reader: FrameReader) => void): Promise<number> {
      let released = 0
      const source = (async function * () {
        for (const chunk of chunks) {
          yield new Uint8ArrayList(chunk)
        }
      })()
      const release = (bytes: Uint8Array): void => {
        released += bytes.byteLength
        bytes.fill(0xff)
      }
      const reader = new FrameReader({ source, sink: async () => {}, abort () {}, release }, new VirtualClock(), { maxBytes: 100_000 })
      await reader.readAll(() => {
        for (let frame = reader.take(); frame != null; frame = reader.take()) {
          onFrame(frame, reader)
        }
      })
      return released
    }

    it('gives none back in which a frame lies that was taken, or is to come', async () => {
      const lengths = fc.array(fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 12_000 })), { maxLength: 8 })
      const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9_000 })), { minLength: 1, maxLength: 40 })
      await fc.assert(fc.asyncProperty(lengths, cuts, async (lengths, cuts) => {
        const frames = lengths.map((length, i) => new Uint8Array(length).fill(i))
        const sent = bytes(...encode(frames))
        const chunks: Uint8Array[] = []
        for (let at = 0; at < sent.byteLength;) {
          const chunk = sent.slice(at, at + cuts[chunks.length % cuts.length])
          chunks.push(chunk)
          at += chunk.byteLength
        }
        const taken: Uint8Array[] = []
        await framesOf(chunks, frame => { taken.push(frame) })
        expect(taken).to.deep.equal(frames)
      }), { seed: SEED, numRuns: repetitions(200) })
    })

    it('gives back what it has put together', async () => {
      const sent = bytes(...encode([new Uint8Array(90_000)]))
      const chunks = [0, 40_000, 80_000].map(at => sent.slice(at, at + 40_000))
      expect(await framesOf(chunks, () => {})).to.equal(sent.byteLength)
    })

    it('gives a frame back on demand, if that has memory of its own', async () => {
      const long = new Uint8Array(90_000).fill(1) // Node.js puts short ones together in a pool
      const sent = bytes(...encode([long, Uint8Array.of(2), Uint8Array.of(3), long]))
      const left: number[] = []
      await framesOf([sent.slice(0, 50_000), sent.slice(50_000)], (frame, reader) => {
        reader.release(frame)
        left.push(frame.byteLength)
      })
      expect(left).to.deep.equal([0, 1, 1, 90_000]) // what came in one piece is whose it was
    })

    it('holds on to no frame that is not given back', async () => {
      const sent = bytes(...encode([new Uint8Array(90_000), Uint8Array.of(2)]))
      const taken: Uint8Array[] = []
      await framesOf([sent.slice(0, 50_000), sent.slice(50_000, -2), sent.slice(-2)], (frame, reader) => {
        taken.push(frame)
        if (taken.length === 2) {
          reader.release(taken[0])
        }
      })
      expect(taken.map(({ byteLength }) => byteLength)).to.deep.equal([90_000, 1])
    })
  })

  it('gives all that came together at once', async () => {
    const reader = readerOf([[bytes(...encode([Uint8Array.of(1), Uint8Array.of(2)]), Uint8Array.of(3, 3))], [Uint8Array.of(3, 3)]])
    expect(reader.take()).to.equal(undefined)
    expect(await readAll(reader)).to.deep.equal([['1', '2'], ['3,3,3']])
  })

  it('reads on when that is wanted', async () => {
    const reader = readerOf([[bytes(...encode([Uint8Array.of(1)]))], [bytes(...encode([Uint8Array.of(2)]))]])
    const wanted: Array<() => void> = []
    const over = reader.readAll(() => new Promise(resolve => { wanted.push(resolve) }))
    await macrotask()
    expect(wanted).to.have.lengthOf(1)
    expect(reader.take()?.join()).to.equal('1')
    expect(reader.take()).to.equal(undefined)
    wanted[0]()
    await macrotask()
    expect(reader.take()?.join()).to.equal('2')
    wanted[1]()
    await over
  })

  it('keeps of what came with a frame in pieces only what is left', async () => {
    const reader = readerOf([[Uint8Array.of(4, 1)], [new Uint8Array(500).fill(1, 0, 3).fill(2, 3, 4)]])
    expect((await readAll(reader)).flat().slice(0, 3)).to.deep.equal(['1,1,1,1', '0,0', ''])
  })

  it('does not hold on to each short part of a frame', async () => {
    const body = Uint8Array.from({ length: 900 }, (_, i) => i)
    const parts = Array.from(bytes(...encode([body])), byte => Uint8Array.of(byte))
    const source = (async function * () {
      for (const [i, part] of parts.entries()) {
        yield new Uint8ArrayList(part)
        parts.slice(2, i).forEach(known => known.fill(0)) // behind the length: only who has copied them still knows what they were
      }
    })()
    const kept = new FrameReader({ source, sink: async () => {}, abort () {} }, new VirtualClock(), { maxBytes: 1000 })
    expect(await readAll(kept)).to.deep.equal([[body.join()]])
  })

  for (const [what, fail] of [
    ['throws', () => { throw new Error('on purpose') }],
    ['rejects', () => Promise.reject(new Error('on purpose'))]
  ] as const) {
    it(`fails of what ${what} when there are frames`, async () => {
      await expect(readerOf([[Uint8Array.of(0)]]).readAll(fail)).to.eventually.be.rejectedWith('on purpose')
    })
  }

  it('rows 6 and 7: fails when the stream ends inside a frame', async () => {
    await expect(readAll(readerOf([[Uint8Array.of(5, 1)]]))).to.eventually.be.rejected().with.property('name', 'ProtocolViolationError')
    await expect(readAll(readerOf([[Uint8Array.of(0x80)]]))).to.eventually.be.rejected().with.property('name', 'ProtocolViolationError')
  })

  it('fails of what the stream fails of', async () => {
    const source = (async function * () {
      yield new Uint8ArrayList(Uint8Array.of(0))
      throw new StreamResetError('the stream was reset')
    })()
    const reader = new FrameReader({ source, sink: async () => {}, abort () {} }, new VirtualClock(), { maxBytes: 1000 })
    await expect(readAll(reader)).to.eventually.be.rejectedWith(StreamResetError)
  })
})
