/** Milliseconds: the finest step in which time is told; keeps the deviation of a steady peer above zero. */
const GRANULARITY_MS = 1

/** An answer counts as so many deadlines at the most: a single one that takes long changes little, and several in a row make up for it. */
const OUTLIER_FACTOR = 2

/**
 * How long answers take, those that are late included: the smoothed mean and deviation of what was measured,
 * and the deadline that follows from them, as TCP computes its retransmission
 * timeout (Jacobson 1988; RFC 6298 §2).
 */
export class ResponseTime {
  #mean: number | undefined
  #deviation = 0

  /** Count one answer that took `measured` milliseconds. */
  add (measured: number): void {
    const possible = Math.max(0, measured) // the clock may have been set back
    const ms = Math.min(possible, OUTLIER_FACTOR * (this.timeout ?? Infinity))
    if (this.#mean == null) {
      this.#mean = ms
      this.#deviation = ms / 2
      return
    }
    this.#deviation += (Math.abs(ms - this.#mean) - this.#deviation) / 4
    this.#mean += (ms - this.#mean) / 8
  }

  /** Milliseconds an answer usually takes; undefined before the first. */
  get expected (): number | undefined {
    return this.#mean
  }

  /** Milliseconds after which an answer is unlikely to come; undefined before the first. */
  get timeout (): number | undefined {
    return this.#mean == null ? undefined : this.#mean + Math.max(GRANULARITY_MS, 4 * this.#deviation)
  }
}
