import type { ProviderLimits } from '../../src/store/provider-index.ts'

/** A provider record of the model: names stand for bytes. */
export interface ModelRow {
  readonly key: number
  readonly peer: number
  readonly added: number
  /** The later, the later its provider began to provide its key. */
  readonly since: number
}

/** Which records a store holds, in as few words as possible: in the order in which they were written. */
export class ProviderModel {
  rows: ModelRow[] = []
  readonly evicted = { rows: 0, keys: 0, perKey: 0, perPeer: 0 }
  readonly #limits: Required<ProviderLimits>
  readonly #self: number
  readonly #light: number
  #sequence = 0

  constructor (self: number, limits: Required<ProviderLimits>) {
    this.#self = self
    this.#limits = limits
    this.#light = Math.floor(Math.min(limits.maxRows, limits.maxKeys) / 1024)
  }

  add (key: number, peer: number, added: number): void {
    const before = this.rows.find(row => row.key === key && row.peer === peer)
    this.rows = [...this.rows.filter(row => row !== before), { key, peer, added, since: before?.since ?? this.#sequence++ }]
    if (peer === this.#self) {
      return
    }
    const { maxRows, maxKeys, maxPerKey, maxPerPeer } = this.#limits
    if (this.#sizeOf(peer) > maxPerPeer) {
      this.#evict(this.#others().find(row => row.peer === peer), 'perPeer')
    }
    const ofKey = this.#others().filter(row => row.key === key)
    if (ofKey.length > maxPerKey) {
      this.#evict(this.#crowdedOut(ofKey), 'perKey')
    }
    while (this.#others().length > maxRows) {
      this.#evict(this.#heaviest(this.#others()), 'rows')
    }
    while (new Set(this.#others().map(({ key }) => key)).size > maxKeys) {
      this.#evict(this.#heaviest(this.#others()), 'keys')
    }
  }

  /** Know no longer who began before whom, but from when the records were written last. */
  reopen (): void {
    this.rows = this.rows.map((row, i) => ({ ...row, since: i }))
    this.#sequence = this.rows.length
  }

  #crowdedOut (ofKey: ModelRow[]): ModelRow | undefined {
    const settled = [...ofKey].sort((a, b) => a.since - b.since).slice(0, Math.floor(this.#limits.maxPerKey / 2))
    return this.#heaviest(ofKey.filter(row => !settled.includes(row)))
  }

  #heaviest (rows: ModelRow[]): ModelRow | undefined {
    const most = Math.max(...rows.map(({ peer }) => this.#sizeOf(peer)))
    return rows.find(({ peer }) => most <= this.#light || this.#sizeOf(peer) === most)
  }

  #evict (row: ModelRow | undefined, reason: keyof ProviderModel['evicted']): void {
    this.rows = this.rows.filter(other => other !== row)
    this.evicted[reason]++
  }

  #sizeOf (peer: number): number {
    return this.#others().filter(row => row.peer === peer).length
  }

  #others (): ModelRow[] {
    return this.rows.filter(({ peer }) => peer !== this.#self)
  }
}
