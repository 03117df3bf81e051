import { sleep } from '../clock/wait.ts'
import type { Clock } from '../clock/clock.ts'

/** Rows dropped before others get a turn: all at once, since what waits together a data directory writes together. */
const ROWS_IN_A_TURN = 256

/** `drop` each of `rows`, of which there may be hundreds of thousands, without holding up anybody. Returns how many were dropped. */
export async function dropEach<T> (clock: Clock, rows: readonly T[], drop: (row: T) => Promise<boolean>): Promise<number> {
  let dropped = 0
  for (let start = 0; start < rows.length; start += ROWS_IN_A_TURN) {
    if (start > 0) {
      await sleep(clock, 0)
    }
    const outcomes = await Promise.all(rows.slice(start, start + ROWS_IN_A_TURN).map(drop))
    dropped += outcomes.filter(isDropped => isDropped).length
  }
  return dropped
}
