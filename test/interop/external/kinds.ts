/** Other live implementations, each with a program of its own in `test/interop/<kind>`. */
export type ExternalKind = 'go' | 'rust'

/** Whose code a node runs. */
export type Kind = 'ours' | ExternalKind

export interface Direction {
  readonly from: Kind
  readonly to: Kind
}

/** From ours to the other and back. */
export function across (other: ExternalKind): readonly Direction[] {
  return [{ from: 'ours', to: other }, { from: other, to: 'ours' }]
}

/** What a PUT_VALUE may be refused for. */
export const REFUSABLE = [
  'an empty value',
  'a namespace that nobody knows',
  'a public key of another',
  'an IPNS record by another',
  'an older IPNS record',
  'a message that is too large'
] as const

export type Refusable = typeof REFUSABLE[number]

/** How a program ends the streams on which others asked. */
export type End = 'reset' | 'close' | 'disconnect'

/** What the tests must know of an implementation: what it says, and where it draws its lines. */
export interface Traits {
  /** What it calls itself over identify. */
  readonly agent: RegExp
  readonly refuses: readonly Refusable[]
  /** What it says when a request of its was refused. */
  readonly refused: RegExp
  /** Bytes of a value that it takes from nobody if it is larger. */
  readonly valueLimit: number
}

/** What one of them has that the other has not. What a kind lacks is not tried with it. */
export interface ExternalTraits extends Traits {
  /** The arguments with which its program carries values of 64 KiB. */
  readonly roomy: readonly string[]
  /** Does it make and check IPNS records, or are they bytes to it? */
  readonly names: 'known' | 'unknown'
  /** Whom one request can be sent to: a single peer, or the closest, of whose answers one is picked. */
  readonly asks: 'one' | 'all'
  /** What its program counts. */
  readonly counts: 'requests' | 'requests and streams'
  /** How many streams its client opens. */
  readonly streams: 'one a peer' | 'one a request'
  readonly ends: readonly End[]
  /** What its server closes that is idle, after the time that `-idle` says. */
  readonly closesIdle: 'streams' | 'connections'
  /** What becomes of the `ttl` of a record that it keeps. */
  readonly ttl: 'as it came' | 'counts down'
}

export const EXTERNAL: Readonly<Record<ExternalKind, ExternalTraits>> = {
  go: {
    agent: /^go-libp2p/,
    refuses: REFUSABLE,
    refused: /reset|EOF/,
    valueLimit: 4 * 1024 * 1024,
    roomy: [],
    names: 'known',
    asks: 'one',
    counts: 'requests and streams',
    streams: 'one a peer',
    ends: ['reset', 'close'],
    closesIdle: 'streams',
    ttl: 'as it came'
  },
  rust: {
    agent: /^rust-libp2p/,
    refuses: ['a message that is too large'], // no kind of record is known to it
    refused: /quorum failed/,
    valueLimit: 16 * 1024,
    roomy: ['-max-message', `${128 * 1024}`],
    names: 'unknown',
    asks: 'all',
    counts: 'requests',
    streams: 'one a request',
    ends: ['disconnect'],
    closesIdle: 'connections',
    ttl: 'counts down'
  }
}

const OURS: Traits = {
  agent: /^js-libp2p\//,
  refuses: REFUSABLE,
  refused: /reset|ended the stream/,
  valueLimit: 66 * 1024 // room for an envelope beside 64 KiB
}

export function traitsOf (kind: Kind): Traits {
  return kind === 'ours' ? OURS : EXTERNAL[kind]
}
