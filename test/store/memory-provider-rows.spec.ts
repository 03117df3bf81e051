import { expect } from 'aegir/chai'
import { MAX_MEMORY_ADDRS_BYTES } from '../../src/store/limits.ts'
import { MemoryProviderRows } from '../../src/store/memory-provider-rows.ts'
import { idOf } from './fixtures.ts'

const MIB = 1024 * 1024

describe('store/memory-provider-rows', () => {
  it('keep so many bytes of addresses: those that were written last', async () => {
    const rows = new MemoryProviderRows()
    const put = async (n: number): Promise<void> => rows.putAddrs(idOf(n), { time: n, addrs: [new Uint8Array(MIB)] })
    const has = async (...ids: number[]): Promise<boolean[]> => Promise.all(ids.map(async n => await rows.getAddrs(idOf(n)) != null))
    const most = Math.floor(MAX_MEMORY_ADDRS_BYTES / MIB) - 1 // a little comes on top of each
    for (let n = 0; n < most; n++) {
      await put(n)
    }
    await put(0)
    expect(await has(0, 1), 'written anew it counts once').to.deep.equal([true, true])
    await rows.deleteAddrs(idOf(5))
    await rows.deleteAddrs(idOf(5))
    await put(most)
    expect(await has(0, 1, 5, most), 'what was deleted left room').to.deep.equal([true, true, false, true])
    await put(most + 1)
    expect(await has(0, 1, 2, most, most + 1), 'the oldest gave way').to.deep.equal([true, false, true, true, true])
  })
})
