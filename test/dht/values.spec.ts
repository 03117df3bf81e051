import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { configure } from '../../src/dht/config.ts'
import { Values } from '../../src/dht/values.ts'
import { createMemoryNetwork } from '../../src/hosts/memory/network.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { immutableKeyOf } from '../../src/record/immutable.ts'
import { formatRecordKey } from '../../src/record/key-text.ts'
import { MAX_CLOCK_AHEAD_MS, openValue } from '../../src/record/open.ts'
import { DatastoreValueStore } from '../../src/store/datastore-values.ts'
import { MemoryPublicationStore } from '../../src/store/memory-publications.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import fc from '../helpers/fast-check.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { sealOpenValue } from '../record/fixtures.ts'
import type { RecordKind } from '../../src/record/validator.ts'
import type { StoredValue, ValueStore } from '../../src/store/value-store.ts'

const KEY = utf8('/kv/key')

/** A store on a slow disk: what it is given takes its time to be there. */
function slowStore (store: ValueStore, turns: () => number): ValueStore {
  const pause = async (): Promise<void> => {
    for (let left = turns(); left > 0; left--) {
      await Promise.resolve()
    }
  }
  return {
    async get (key) { await pause(); return store.get(key) },
    async put (value: StoredValue) { await pause(); await store.put(value) },
    values: () => store.values()
  }
}

function create (turns: () => number = () => 0, kinds: RecordKind[] = []): { values: Values, store: ValueStore, clock: VirtualClock } {
  const clock = new VirtualClock()
  const config = configure({ host: createMemoryNetwork({ clock }).createHost(), protocol: '/test/1.0.0', clock, maxValueSize: 100 })
  const store = new MemoryValueStore(clock)
  return { values: new Values({ config, store: slowStore(store, turns), publications: new MemoryPublicationStore(), kinds }), store, clock }
}

describe('values', () => {
  it('lie in the open namespace unless their key names a known one', () => {
    const { values } = create()
    const keys = ['greeting', '/greeting', '/kv/greeting', '/unknown/greeting', '/kv/', '/', utf8('/pk/x')]
    expect(keys.map(key => new TextDecoder().decode(values.keyOf(key)))).to.deep.equal([
      '/kv/greeting', '/kv//greeting', '/kv/greeting', '/kv//unknown/greeting', '/kv/', '/kv//', '/pk/x'
    ])
  })

  it('have keys that can be given as text', async () => {
    const { values } = create()
    const value = utf8('value')
    const key = immutableKeyOf(value)
    expect(values.keyOf(formatRecordKey(key))).to.deep.equal(key)
    expect(values.keyOf('/kv/a%41')).to.deep.equal(utf8('/kv/aA'))
    expect(values.keyOf('a%41')).to.deep.equal(utf8('/kv/a%41'))
    expect(() => values.keyOf('/immutable/x')).to.throw().with.property('name', 'InvalidKeyError')
    expect(() => values.keyOf('/pk/x')).to.throw().with.property('name', 'InvalidKeyError')
  })

  it('have keys of which the text names them, too, up to the longest', () => {
    const { values } = create()
    const longest = values.keyOf('a'.repeat(4_092))
    expect(values.keyOf(formatRecordKey(longest))).to.deep.equal(longest)
    expect(() => values.keyOf('a'.repeat(4_093))).to.throw('the key has 4097 bytes, at most 4096 are allowed')
  })

  it('are opened as they were sealed', async () => {
    const { values } = create()
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async data => {
      const record = await values.seal('key', data)
      expect(values.open(record)).to.deep.equal(data)
    }), { seed: 1 })
  })

  it('replace each other in the order of the puts, whichever read is over first', async () => {
    const pauses = [9, 0, 5, 1]
    const { values } = create(() => pauses.shift() ?? 0)
    const sealed = await Promise.all(['a', 'b', 'c', 'd'].map(async value => values.seal('key', value)))
    const times = sealed.map(({ value }) => openValue(value).time)
    expect(times).to.deep.equal([0, 1, 2, 3].map(later => times[0] + later))
  })

  it('are never rolled back, however writes overlap', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }), fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }), async (pauses, times) => {
      let next = 0
      const { values, store, clock } = create(() => pauses[next++ % pauses.length])
      const now = clock.now()
      await Promise.allSettled(times.map(async time => {
        await values.accept({ key: KEY, value: sealOpenValue(Uint8Array.of(time), now + time) })
      }))
      expect((await store.get(KEY))?.value).to.deep.equal(sealOpenValue(Uint8Array.of(Math.max(...times)), now + Math.max(...times)))
    }), { seed: 2 })
  })

  it('live no longer for having lain with somebody who does not count', async () => {
    const { values, clock } = create()
    const record = { key: KEY, value: utf8('value'), ttl: 600_000 }
    const now = clock.now()
    expect(values.left(record)).to.equal(600_000)
    expect(values.left({ ...record, timeReceived: now - 200_000 })).to.equal(400_000)
    expect(values.left({ ...record, timeReceived: now - 600_000 })).to.equal(0)
    expect(values.left({ ...record, timeReceived: now - 700_000 }), 'past its end').to.equal(0)
    expect(values.left({ ...record, timeReceived: now + 1_000 }), 'its clock is ahead').to.equal(600_000)
  })

  it('are served with what is left of their life', async () => {
    const { values, clock } = create()
    await values.accept({ key: KEY, value: sealOpenValue(utf8('value'), clock.now()), ttl: 600_000 })
    await clock.advance(200_000)
    const served = await values.served(KEY)
    expect(served?.ttl).to.equal(400_000)
    expect(served == null ? undefined : values.left(served)).to.equal(400_000)
  })

  it('win over what is kept though our clock is behind', async () => {
    const { values, clock } = create()
    await values.accept({ key: KEY, value: sealOpenValue(utf8('theirs'), clock.now() + 60_000) })
    const record = await values.seal('key', 'ours')
    await values.accept(record)
    expect(values.open(await values.kept(KEY) ?? record)).to.deep.equal(utf8('ours'))
  })

  it('are sealed as if nothing were kept at other keys, however far ahead that is', async () => {
    const { values, clock } = create()
    await values.accept({ key: KEY, value: sealOpenValue(utf8('theirs'), clock.now() + MAX_CLOCK_AHEAD_MS) })
    await expect(values.seal('key', 'ours')).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    const { value } = await values.seal('other', 'ours')
    expect(openValue(value).time).to.equal(clock.now())
    await clock.advance(1)
    await values.accept(await values.seal('key', 'ours'))
  })

  it('are each sealed later than the one before at their key, kept or not', async () => {
    const { values, clock } = create()
    const times = await Promise.all(['key', 'key', 'other', 'key'].map(async key => openValue((await values.seal(key, 'x')).value).time))
    const now = clock.now()
    expect(times).to.deep.equal([now, now + 1, now, now + 2])
  })

  it('are verified once when they come again', async () => {
    let verified = 0
    const { values } = create(undefined, [{ namespace: 'signed', validate () { verified++ }, select: () => 0 }])
    const record = { key: utf8('/signed/x'), value: utf8('value') }
    await values.accept(record)
    expect(verified).to.equal(1)
    await values.accept(record)
    expect(verified).to.equal(2)
    await values.accept({ ...record, value: utf8('a later one') })
    expect(verified, 'beside it what it replaces, which is no obstacle unless it is valid still').to.equal(4)
  })

  it('are verified each time they are served, unless their kind says that they stay valid', async () => {
    const verified = { lasting: 0, ending: 0 }
    const ends = (now: number): void => {
      verified.ending++
      if (now >= end) {
        throw new Error('it has ended')
      }
    }
    const { values, clock, store } = create(undefined, [
      { namespace: 'lasting', lasting: true, validate ({ value }) { verified.lasting++; expect(value).to.not.deep.equal(utf8('broken')) }, select: () => 0 },
      { namespace: 'ending', validate (_, now) { ends(now) }, select: () => 0 }
    ])
    const end = clock.now() + 1000
    const [lasting, ending] = [utf8('/lasting/x'), utf8('/ending/x')]
    await values.accept({ key: lasting, value: utf8('value') })
    await values.accept({ key: ending, value: utf8('value') })
    for (let i = 0; i < 5; i++) {
      expect((await values.served(lasting))?.value).to.deep.equal(utf8('value'))
      expect((await values.served(ending))?.value).to.deep.equal(utf8('value'))
    }
    expect(verified, 'once when it came, and once before it was served').to.deep.equal({ lasting: 2, ending: 6 })
    await clock.advance(1000)
    expect(await values.served(ending)).to.equal(undefined)
    await store.put({ key: lasting, value: utf8('broken'), timeReceived: clock.now(), expires: clock.now() + 1000 })
    expect(await values.served(lasting), 'a row that we have not checked').to.equal(undefined)
  })

  it('of a kind that stays valid are not verified again each time they are read from a disk, but when they were written anew', async () => {
    let verified = 0
    const clock = new VirtualClock()
    const config = configure({ host: createMemoryNetwork({ clock }).createHost(), protocol: '/test/1.0.0', clock, maxValueSize: 100 })
    const store = new DatastoreValueStore({ datastore: new MemoryDatastore(), clock, ttl: 1000 })
    await store.open()
    const lasting: RecordKind = { namespace: 'lasting', lasting: true, validate ({ value }) { verified++; expect(value).to.not.deep.equal(utf8('broken')) }, select: () => 0 }
    const values = new Values({ config, store, publications: new MemoryPublicationStore(), kinds: [lasting] })
    const [key, other] = [utf8('/lasting/x'), utf8('/lasting/y')]
    await values.accept({ key, value: utf8('value') })
    await values.accept({ key: other, value: utf8('value') })
    verified = 0
    for (let i = 0; i < 5; i++) {
      expect((await values.served(key))?.value).to.deep.equal(utf8('value'))
      expect((await values.served(other))?.value).to.deep.equal(utf8('value'))
    }
    expect(verified).to.equal(2)
    await clock.advance(1)
    await store.put({ key, value: utf8('broken'), timeReceived: clock.now(), expires: clock.now() + 1000 })
    expect(await values.served(key)).to.equal(undefined)
    expect((await values.served(other))?.value).to.deep.equal(utf8('value'))
  })

  it('are refused when older, from the future, or of an unknown namespace', async () => {
    const { values, clock } = create()
    await values.accept({ key: KEY, value: sealOpenValue(utf8('new'), clock.now()) })
    await expect(values.accept({ key: KEY, value: sealOpenValue(utf8('old'), clock.now() - 1) }))
      .to.eventually.be.rejected.with.property('name', 'OutdatedRecordError')
    await expect(values.accept({ key: KEY, value: sealOpenValue(utf8('later'), clock.now() + 11 * 60_000) }))
      .to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
    await expect(values.accept({ key: utf8('/constructor/x'), value: utf8('x') }))
      .to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
  })
})
