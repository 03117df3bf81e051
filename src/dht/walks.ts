import { onAbort, startDeadline } from '../clock/wait.ts'
import { TimeoutError } from '../rpc/errors.ts'
import type { Clock } from '../clock/clock.ts'

/**
 * Walks under way at once. Each has one request at a peer at the most, and leaves one behind there when it is over: far
 * fewer than may wait for a peer, so that none of thousands fails for that, or takes peers for dead that it kept busy itself.
 */
export const MAX_WALKS = 256

/**
 * Lets walks through the network begin, {@link MAX_WALKS} at once, the others in the order in which they came.
 *
 * ```
 *  begin ──(room)──▶ under way ⇄ resting: its last answer is being looked at
 *     └─(none)─▶ waiting ──▲          │
 *                          └──────────┴── over
 * ```
 *
 * Those that rest do not count, and go on whenever they like: who looks at an answer may well walk somewhere for it.
 */
export class Walks {
  readonly #clock: Clock
  #underWay = 0
  /** Lets the next begin; first come, first served. */
  readonly #waiting = new Set<() => void>()
  #isLettingIn = false

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /**
   * Resolves when another may begin, which is under way from then on.
   *
   * @param deadline - milliseconds since the Unix epoch
   * @throws {TimeoutError} its turn has not come by then
   * @throws the reason of the first of `signals` that is aborted
   */
  async begin (deadline: number, signals: ReadonlyArray<AbortSignal | undefined>): Promise<void> {
    if (this.#underWay < MAX_WALKS && this.#waiting.size === 0) {
      this.#underWay++
    } else {
      await this.#turn(deadline, signals)
    }
  }

  /** One that rested goes on. */
  goOn (): void {
    this.#underWay++
  }

  /** One that was under way rests, or is over. */
  rest (): void {
    this.#underWay--
    if (this.#waiting.size > 0 && !this.#isLettingIn) {
      this.#isLettingIn = true
      this.#clock.schedule(0, () => { this.#letIn() }) // most go on in the same turn of the event loop
    }
  }

  #letIn (): void {
    this.#isLettingIn = false
    for (const begin of this.#waiting) {
      if (this.#underWay >= MAX_WALKS) {
        return
      }
      begin()
    }
  }

  async #turn (deadline: number, signals: ReadonlyArray<AbortSignal | undefined>): Promise<void> {
    const ms = Math.max(0, deadline - this.#clock.now())
    const limit = startDeadline(this.#clock, ms, () => new TimeoutError(`${MAX_WALKS} other operations were under way for ${ms} ms: await some first`), ...signals)
    try {
      await new Promise<void>((resolve, reject) => {
        const begin = (): void => {
          this.#waiting.delete(begin)
          this.#underWay++
          resolve()
        }
        this.#waiting.add(begin)
        onAbort(limit.signal, reason => {
          if (this.#waiting.delete(begin)) {
            reject(reason)
          }
        })
      })
    } finally {
      limit.clear()
    }
  }
}
