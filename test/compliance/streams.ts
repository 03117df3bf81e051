import { expect } from 'aegir/chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { PROTOCOL, peerOf } from './network.ts'
import type { TestHost } from './network.ts'
import type { Stream } from '../../src/rpc/connection.ts'

/** Answers with what it reads, until the other side ends. */
export async function echo (stream: Stream): Promise<void> {
  await stream.sink(stream.source)
}

export async function connect (from: TestHost, to: TestHost): Promise<Stream> {
  return from.host.openStream(peerOf(to), PROTOCOL)
}

/** Everything that comes until the other side ends. */
export async function collect (source: AsyncIterable<Uint8ArrayList | Uint8Array>): Promise<Uint8Array> {
  const list = new Uint8ArrayList()
  for await (const chunk of source) {
    list.append(chunk)
  }
  return list.subarray()
}

/** How many bytes come until the other side ends. */
export async function countBytes (source: AsyncIterable<Uint8ArrayList>): Promise<number> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.byteLength
  }
  return bytes
}

/** `size` bytes that repeat nowhere soon, other ones for another `salt`. */
export function pattern (size: number, salt = 0): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = (salt * 0x9e3779b1 + 0x85ebca6b) >>> 0
  for (let i = 0; i < size; i++) {
    // Numerical Recipes' linear congruential generator; its high bits are the good ones
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** Fails with where the first difference is: a diff of megabytes helps nobody. */
export function expectBytes (actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.byteLength).to.equal(expected.byteLength)
  expect(actual.findIndex((byte, i) => byte !== expected[i])).to.equal(-1, 'index of the first byte that differs')
}

/** The error that `promise` rejects with. */
export async function failureOf (promise: Promise<unknown>): Promise<unknown> {
  let result: unknown
  try {
    result = await promise
  } catch (err) {
    return err
  }
  throw new Error(`expected a rejection, but it resolved with ${String(result)}`)
}

/** Both ends of a promise. */
export interface Deferred<T> {
  promise: Promise<T>
  resolve (value: T | PromiseLike<T>): void
}

export function defer<T = void> (): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => {}
  const promise = new Promise<T>(_resolve => { resolve = _resolve })
  return { promise, resolve }
}

/** Yields `chunks`, then stays silent without an end. */
export async function * thenSilence (...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield * chunks
  await new Promise(() => {})
}

/** Send some bytes to an {@link echo} and get them back, on a stream of their own. */
export async function roundTrip (from: TestHost, to: TestHost, bytes: Uint8Array = pattern(100)): Promise<void> {
  const stream = await connect(from, to)
  const [answer] = await Promise.all([collect(stream.source), stream.sink([bytes])])
  expectBytes(answer, bytes)
}
