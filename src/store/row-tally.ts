import { CorruptRowError } from './errors.ts'

/** How many rows a store has let go of since it was made, by why. */
export interface RowTally {
  /** Past their life. */
  expired: number
  /** They could not be read. */
  corrupt: number
}

/** `read`, with the rows that it refuses counted. */
export function tallied<T> (tally: RowTally, read: (row: T) => void): (row: T) => void {
  return row => {
    try {
      read(row)
    } catch (err) {
      tally.corrupt += err instanceof CorruptRowError ? 1 : 0
      throw err
    }
  }
}
