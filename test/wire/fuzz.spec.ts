import { expect } from 'aegir/chai'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/wire/codec.ts'
import { InvalidMessageError } from '../../src/wire/errors.ts'
import { MAX_PEER_BYTES } from '../../src/wire/limits.ts'
import fc from '../helpers/fast-check.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { exchanges, MAX_RECORD_SIZE, requests as anyRequest, SEED } from './arbitraries.ts'
import { peerA, requests } from './fixtures.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: MAX_RECORD_SIZE }
const asked: Request[] = Object.values(requests).map(({ request }) => request)
const RUNS = repetitions(10_000)

/** Decodes `frame` as a request and as an answer to each of `questions`, and reads all there is; returns how often that succeeded. */
function decodeEverything (frame: Uint8Array, questions: readonly Request[] = asked): number {
  const attempts = [
    () => decodeRequest(frame, peerA.id, limits),
    ...questions.map(request => () => decodeResponse(frame, request))
  ]
  return attempts.filter(attempt => survives(attempt)).length
}

/** True: it returned something legal. False: it threw the one error. */
function survives (decode: () => Request | Response): boolean {
  let message: Request | Response
  try {
    message = decode()
  } catch (err) {
    if (err instanceof InvalidMessageError) {
      return false
    }
    throw err
  }
  const peers = [...'closer' in message ? message.closer : [], ...'providers' in message ? message.providers : []]
  for (const { id, addrs } of peers) {
    if (id.byteLength < 34 || id.byteLength > 39 || addrs.length > MAX_PEER_BYTES / 2) {
      throw new Error(`an illegal peer: ${id.byteLength} bytes of id, ${addrs.length} addresses`)
    }
  }
  return true
}

interface Edit { readonly at: number, readonly remove: number, readonly insert: Uint8Array }

/** Where in the frame, from its beginning (0) to its end (1). */
const at = fc.nat({ max: 9999 }).map(n => n / 10_000)
const overwrite: fc.Arbitrary<Edit> = fc.record({ at, remove: fc.constant(1), insert: fc.uint8Array({ minLength: 1, maxLength: 1 }) })
const shift: fc.Arbitrary<Edit> = fc.record({ at, remove: fc.nat({ max: 4 }), insert: fc.uint8Array({ maxLength: 4 }) })

/** Changes to a frame: a byte or two overwritten, or some cut out and inserted. */
const edits = fc.oneof(fc.array(overwrite, { minLength: 1, maxLength: 2 }), fc.array(shift, { minLength: 1, maxLength: 3 }))

function edited (frame: Uint8Array, changes: readonly Edit[]): Uint8Array {
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
      survivors += decodeEverything(edited(encodeRequest(request), changes), [request])
    }), { seed: SEED, numRuns: RUNS })
    expect(survivors).to.be.greaterThan(RUNS / 10) // the changes do not only break frames
  })

  it('decodes changed answers or throws InvalidMessageError', () => {
    let survivors = 0
    fc.assert(fc.property(exchanges, edits, ([request, response], changes) => {
      survivors += decodeEverything(edited(encodeResponse(response), changes), [request])
    }), { seed: SEED, numRuns: RUNS })
    expect(survivors).to.be.greaterThan(RUNS / 10)
  })
})
