import { bytesToMapKey } from '../keyspace/key.ts'
import { MAX_MEMORY_ADDRS_BYTES } from './limits.ts'
import type { ProviderRows } from './indexed-providers.ts'
import type { KnownAddrs } from './provider-row.ts'

/** Bytes that an address takes beside its own. */
const OVERHEAD_BYTES = 128

/** Providers' addresses in memory; all there is to know of records is in the index. */
export class MemoryProviderRows implements ProviderRows {
  /** By id; what was written last is at the end. */
  readonly #known = new Map<string, KnownAddrs>()
  #bytes = 0

  async put (): Promise<void> {}

  async delete (): Promise<void> {}

  async getAddrs (id: Uint8Array): Promise<KnownAddrs | undefined> {
    return this.#known.get(bytesToMapKey(id))
  }

  async putAddrs (id: Uint8Array, known: KnownAddrs): Promise<void> {
    const text = bytesToMapKey(id)
    this.#drop(text)
    this.#known.set(text, known)
    this.#bytes += weight(known)
    for (const first of this.#known.keys()) {
      if (this.#bytes <= MAX_MEMORY_ADDRS_BYTES) {
        break
      }
      this.#drop(first)
    }
  }

  async deleteAddrs (id: Uint8Array): Promise<void> {
    this.#drop(bytesToMapKey(id))
  }

  #drop (id: string): void {
    const known = this.#known.get(id)
    if (known != null) {
      this.#known.delete(id)
      this.#bytes -= weight(known)
    }
  }
}

function weight ({ addrs }: KnownAddrs): number {
  return addrs.reduce((bytes, addr) => bytes + addr.byteLength + OVERHEAD_BYTES, 0)
}
