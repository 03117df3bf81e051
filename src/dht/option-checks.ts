import { InvalidOptionError } from './errors.ts'

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
  return value >= min && value <= max ? value : refuse(name, value, 'number', min, max)
}

/**
 * How many milliseconds an operation may take: what was asked for, as far as timers can wait (24 days), or its own deadline.
 *
 * @throws {InvalidOptionError} what was asked for is no number, or negative
 */
export function timeoutOf ({ timeout }: { readonly timeout?: number }, deadline: number): number {
  const ms = timeout ?? deadline
  if (typeof ms !== 'number' || !(ms >= 0)) {
    throw new InvalidOptionError(`timeout must be a number of milliseconds from 0, or Infinity, not ${String(ms)}`)
  }
  return Math.min(ms, MAX_TIMER_MS)
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
  return Number.isInteger(value) && value >= min && value <= max ? value : refuse(name, value, 'whole number', min, max)
}

function refuse (name: string, value: number, kind: string, min: number, max: number): never {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw new InvalidOptionError(`${name} must be a ${kind} ${range}, not ${value}`)
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
  if (!pattern.test(value)) {
    throw new InvalidOptionError(`${name} must be a protocol id ${form}, like /kadmium/1.0.0, not ${JSON.stringify(value)}`)
  }
  return value
}

/**
 * One of a few words.
 *
 * @throws {InvalidOptionError} it is none of them
 */
export function oneOf<T extends string> (name: string, value: T, words: readonly T[]): T {
  if (!words.includes(value)) {
    throw new InvalidOptionError(`${name} must be ${words.map(word => JSON.stringify(word)).join(' or ')}, not ${JSON.stringify(value)}`)
  }
  return value
}

/**
 * An array: of one thing, too, so that nobody takes the letters of a string for many.
 *
 * @throws {InvalidOptionError} it is none
 */
export function arrayOf<T> (name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) {
    throw new InvalidOptionError(`${name} must be an array, not ${JSON.stringify(value)}`)
  }
  return value
}
