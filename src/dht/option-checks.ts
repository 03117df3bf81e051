import { InvalidOptionError } from './errors.ts'

/** Milliseconds that a timer can wait: beyond that those of JavaScript fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * A number of milliseconds to wait.
 *
 * @throws {InvalidOptionError} it is not whole, or out of range
 */
export function milliseconds (name: string, value: number, min = 1): number {
  return whole(name, value, min, MAX_TIMER_MS)
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
  if (!Number.isInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    throw new InvalidOptionError(`${name} must be a whole number ${range}, not ${value}`)
  }
  return value
}

/**
 * The id of a network.
 *
 * @throws {InvalidOptionError} it is no protocol id
 */
export function protocolId (name: string, value: string): string {
  if (!/^\/\S+$/.test(value)) {
    throw new InvalidOptionError(`${name} must be a protocol id that starts with a slash, like /kadmium/1.0.0, not ${JSON.stringify(value)}`)
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
