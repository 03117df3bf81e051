/**
 * A source of numbers that only its seed determines: sfc32, the "small fast counting"
 * generator of Chris Doty-Humphrey's PractRand (public domain), 128 bits of state.
 * For simulations; nothing secret may come from it.
 */
export class Random {
  readonly #state = new Uint32Array(4)

  /** @param seed - any number; what counts are its lowest 32 bits */
  constructor (seed: number) {
    // PractRand's seeding: seed in three words, counter at 1, then some rounds to mix
    this.#state.set([0, seed, 0, 1])
    for (let round = 0; round < 12; round++) {
      this.uint32()
    }
  }

  /** A whole number, 0 … 2³² − 1. */
  uint32 (): number {
    const state = this.#state
    const [a, b, c, counter] = state
    const result = (a + b + counter) >>> 0
    state[0] = b ^ (b >>> 9)
    state[1] = c + (c << 3)
    state[2] = ((c << 21) | (c >>> 11)) + result
    state[3] = counter + 1
    return result
  }

  /** A number in [0, 1), in steps of 2⁻³². */
  fraction (): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** A whole number, `min` … `max`, both included. */
  integer (min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1))
  }

  /** `length` bytes. */
  bytes (length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      bytes[i] = this.uint32() >>> 24
    }
    return bytes
  }
}
