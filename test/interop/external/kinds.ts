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
