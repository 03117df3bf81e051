import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/wire/codec.ts'
import { InvalidMessageError } from '../../src/wire/errors.ts'
import { exchanges, MAX_RECORD_SIZE, requests as anyRequest, SEED } from './arbitraries.ts'
import { peerA, requests } from './fixtures.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: MAX_RECORD_SIZE }
const asked: Request[] = Object.values(requests).map(({ request }) => request)
const RUNS = 10_000

/** Decodes `frame` in every way and reads all there is; returns how often that succeeded. */
function decodeEverything (frame: Uint8Array): number {
  const attempts = [
    () => decodeRequest(frame, peerA.id, limits),
    ...asked.map(request => () => decodeResponse(frame, request, limits))
  ]
  return attempts.filter(attempt => survives(attempt)).length
}

/** True: it returned something legal. False: it threw the one error. */
function survives (decode: () => Request | Response): boolean {
  let message: Request | Response
  try {
    message = decode()
  } catch (err) {
    expect(err).to.be.an.instanceOf(InvalidMessageError)
    return false
  }
  const peers = [...'closer' in message ? message.closer : [], ...'providers' in message ? message.providers : []]
  for (const { id, addrs } of peers) {
    expect(id.byteLength).to.be.within(34, 39)
    expect(addrs.length).to.be.at.most(4096)
  }
  return true
}

/** Changes to a frame: overwrite, cut out, or insert bytes. */
const edits = fc.array(fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  remove: fc.integer({ min: 0, max: 4 }),
  insert: fc.uint8Array({ maxLength: 4 })
}), { minLength: 1, maxLength: 4 })

function edited (frame: Uint8Array, changes: Array<{ at: number, remove: number, insert: Uint8Array }>): Uint8Array {
  return changes.reduce((bytes, { at, remove, insert }) => {
    const position = Math.floor(at * bytes.byteLength)
    return Uint8Array.of(...bytes.subarray(0, position), ...insert, ...bytes.subarray(position + remove))
  }, frame)
}

describe('wire/codec, fuzzed', function () {
  this.timeout(20_000)

  it('decodes any bytes or throws InvalidMessageError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), frame => { decodeEverything(frame) }), { seed: SEED, numRuns: RUNS })
  })

  it('decodes bytes that look like fields or throws InvalidMessageError', () => {
    const tags = fc.constantFrom(0x08, 0x12, 0x1a, 0x42, 0x4a, 0x50, 0x0a, 0x2a, 0x7b, 0x7c, 0x00)
    const looks = fc.array(fc.tuple(tags, fc.nat({ max: 12 }), fc.uint8Array({ maxLength: 12 })), { maxLength: 8 })
    fc.assert(fc.property(looks, fields => {
      decodeEverything(Uint8Array.from(fields.flatMap(([tag, length, body]) => [tag, length, ...body])))
    }), { seed: SEED, numRuns: RUNS })
  })

  it('decodes changed requests or throws InvalidMessageError', () => {
    let survivors = 0
    fc.assert(fc.property(anyRequest, edits, (request, changes) => {
      survivors += decodeEverything(edited(encodeRequest(request), changes))
    }), { seed: SEED, numRuns: RUNS })
    expect(survivors).to.be.greaterThan(RUNS / 10) // the changes do not only break frames
  })

  it('decodes changed answers or throws InvalidMessageError', () => {
    let survivors = 0
    fc.assert(fc.property(exchanges, edits, ([, response], changes) => {
      survivors += decodeEverything(edited(encodeResponse(response), changes))
    }), { seed: SEED, numRuns: RUNS / 4 })
    expect(survivors).to.be.greaterThan(RUNS / 40)
  })
})
