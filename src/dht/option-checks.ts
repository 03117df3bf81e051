import { InvalidOptionError } from './errors.ts'
import { typeName } from './text.ts'
import type { OperationOptions } from './events.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** Milliseconds that a timer can wait: beyond that those of JavaScript fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * A number of milliseconds to wait.
 *
 * @throws {InvalidOptionError} it is out of range
 */
export function milliseconds (name: string, value: number, min = 1): number {
  return between(name, value, min, MAX_TIMER_MS)
}

/**
 * A number from `min` to `max`: of time, which may well come in fractions.
 *
 * @throws {InvalidOptionError} it is none
 */
export function between (name: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  return typeof value === 'number' && value >= min && value <= max ? value : refuseRange(name, value, 'number', min, max)
}

/**
 * How many milliseconds an operation may take: what was asked for, as far as timers can wait (24 days), or its own deadline.
 *
 * @throws {InvalidOptionError} what was asked for is no number, or negative
 */
export function timeoutOf ({ timeout }: { readonly timeout?: number }, deadline: number): number {
  const ms = timeout ?? deadline
  if (typeof ms !== 'number' || !(ms >= 0)) {
    refuse('timeout', ms, 'a number of milliseconds from 0, or Infinity')
  }
  return Math.min(ms, MAX_TIMER_MS)
}

/**
 * What any operation takes, before it begins.
 *
 * @throws {InvalidOptionError} it is no object, or something in it is of the wrong kind
 */
export function checkOperation (options: OperationOptions | undefined): void {
  if (options !== undefined) {
    const { signal, onProgress } = anObject('the options', options)
    timeoutOf(options, 0)
    having('signal', signal ?? undefined, 'throwIfAborted', 'an AbortSignal')
    having('onProgress', onProgress ?? undefined, 'call', 'a function')
  }
}

/**
 * An object, as options are.
 *
 * @throws {InvalidOptionError} it is none
 */
export function anObject<T> (name: string, value: T): T {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : refuse(name, value, 'an object')
}

/**
 * Nothing, or what has a method of that name, and so is most likely what it should be.
 *
 * @param name - of the option
 * @param value - that was given
 * @param method - one that it must have
 * @param what - it must be
 * @throws {InvalidOptionError} it has none
 */
export function having (name: string, value: unknown, method: string, what: string): void {
  if (value !== undefined && typeof Reflect.get(Object(value), method) !== 'function') {
    refuse(name, value, what)
  }
}

/**
 * A private key that proves a PeerId.
 *
 * @throws {InvalidOptionError} it is none, or of another kind
 */
export function ed25519Key (name: string, key: Ed25519PrivateKey): void {
  if (key?.type !== 'Ed25519' || typeof key.sign !== 'function') {
    throw new InvalidOptionError(`${name} must be an Ed25519 private key, as generateKeyPair('Ed25519') of @libp2p/crypto/keys makes it`)
  }
}

/**
 * Yes or no: a text that says `false` is neither.
 *
 * @throws {InvalidOptionError} it is something else
 */
export function flag (name: string, value: boolean): boolean {
  return typeof value === 'boolean' ? value : refuse(name, value, 'true or false')
}

/**
 * `Infinity`, or a whole number from `min` to `max`.
 *
 * @throws {InvalidOptionError} it is neither
 */
export function orInfinity (name: string, value: number, min: number, max?: number): number {
  return value === Infinity ? value : whole(name, value, min, max)
}

/**
 * A whole number from `min` to `max`.
 *
 * @throws {InvalidOptionError} it is none
 */
export function whole (name: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  return Number.isInteger(value) && value >= min && value <= max ? value : refuseRange(name, value, 'whole number', min, max)
}

function refuseRange (name: string, value: number, kind: string, min: number, max: number): never {
  refuse(name, value, `a ${kind} ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`)
}

/** Say of an option what it must be, and what it is: no more of an object than its kind. */
function refuse (name: string, value: unknown, what: string): never {
  throw new InvalidOptionError(`${name} must be ${what}, not ${shown(value)}`)
}

function shown (value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'object':
    case 'function':
      return typeName(value)
    default:
      return String(value)
  }
}

/**
 * The id of a network, in any form that libp2p has seen.
 *
 * @throws {InvalidOptionError} it is empty, or has spaces
 */
export function protocolId (name: string, value: string): string {
  return matching(name, value, /^\S+$/, 'without spaces')
}

/**
 * The id of a network of our own, which begins as all should.
 *
 * @throws {InvalidOptionError} it is no protocol id, or has no leading slash
 */
export function networkId (name: string, value: string): string {
  return matching(name, value, /^\/\S+$/, 'that starts with a slash')
}

function matching (name: string, value: string, pattern: RegExp, form: string): string {
  return typeof value === 'string' && pattern.test(value) ? value : refuse(name, value, `a protocol id ${form}, like /kadmium/1.0.0`)
}

/**
 * One of a few words.
 *
 * @throws {InvalidOptionError} it is none of them
 */
export function oneOf<T extends string> (name: string, value: T, words: readonly T[]): T {
  return words.includes(value) ? value : refuse(name, value, words.map(word => JSON.stringify(word)).join(' or '))
}

/**
 * An array: of one thing, too, so that nobody takes the letters of a string for many.
 *
 * @throws {InvalidOptionError} it is none
 */
export function arrayOf<T> (name: string, value: readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : refuse(name, value, 'an array')
}
