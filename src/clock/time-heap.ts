import { Heap } from './heap.ts'
import type { Placed } from './heap.ts'

/** What lies in a {@link TimeHeap}. */
export interface Timed extends Placed {
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  /** Items of the same time are in the order of this. */
  readonly sequence: number
}

/** Items by time, earliest first. */
export class TimeHeap<T extends Timed> extends Heap<T> {
  constructor () {
    super(isEarlier)
  }

  /** The items whose time is `time` or earlier, earliest first. No others are looked at, but for their parents' sake. */
  upTo (time: number): T[] {
    return this.leading(item => item.time <= time)
  }
}

/** Is `a` of an earlier time than `b`? Of the same time, is it the earlier? */
export function isEarlier (a: Timed, b: Timed): boolean {
  return a.time === b.time ? a.sequence < b.sequence : a.time < b.time
}
