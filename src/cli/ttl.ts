import { InvalidArgumentError } from 'commander'
import { MAX_VALUE_TTL_MS } from '../store/limits.ts'
import type { Command } from 'commander'

/** How long a value is to live. */
export interface TtlOptions {
  /** Milliseconds. */
  readonly ttl?: number
}

interface Unit {
  /** On the command line. */
  readonly letter: string
  /** For people. */
  readonly name: string
  readonly ms: number
}

/** The wire tells a life in whole seconds. */
const MIN_TTL_MS = 1_000

/** The longest first. */
const UNITS: readonly Unit[] = [
  { letter: 'd', name: 'd', ms: 86_400_000 },
  { letter: 'h', name: 'h', ms: 3_600_000 },
  { letter: 'm', name: 'min', ms: 60_000 },
  { letter: 's', name: 's', ms: 1_000 }
]

export function ttlOption (command: Command): Command {
  return command.option('--ttl <time>', 'how long the value lives: 90s, 45m, 12h, 2d (default: as long as the nodes keep any value)', parseTtl)
}

/** How long a life is, to the nearest of its second largest unit: `1 d 2 h`. Milliseconds. */
export function ttlText (ms: number): string {
  const second = unitsOf(ms).at(1) ?? UNITS[UNITS.length - 1]
  const rounded = Math.round(ms / second.ms) * second.ms
  let rest = rounded
  const parts = unitsOf(rounded).slice(0, 2).map(unit => {
    const count = Math.floor(rest / unit.ms)
    rest -= count * unit.ms
    return `${count} ${unit.name}`
  })
  return parts.filter(part => !part.startsWith('0 ')).join(' ') || 'less than 1 s'
}

/** The largest unit that is not longer, and all that are smaller. */
function unitsOf (ms: number): Unit[] {
  return UNITS.filter(unit => unit.ms <= ms)
}

function parseTtl (text: string): number {
  const [, digits, letter] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? []
  const unit = UNITS.find(unit => unit.letter === letter)
  const ms = unit == null ? NaN : Math.round(Number(digits) * unit.ms)
  if (!(ms >= MIN_TTL_MS && Number.isSafeInteger(ms))) {
    throw new InvalidArgumentError('Give a time with its unit, at least 1s: 90s, 45m, 12h or 2d.')
  }
  if (ms > MAX_VALUE_TTL_MS) {
    throw new InvalidArgumentError(`Give at most ${MAX_VALUE_TTL_MS / 86_400_000}d, and put the value again before its life is over.`)
  }
  return ms
}
