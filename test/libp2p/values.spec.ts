import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore/key'
import { toString } from 'uint8arrays/to-string'
import { Record } from '../../src/index.ts'
import { all, connectAll, failure, INIT, named, TestNetwork, text, until, utf8, WITH_VALUES } from './network.ts'
import type { DhtNode } from './network.ts'
import type { SelectFn } from '../../src/libp2p/init.ts'

const KEY = utf8('/v/key')

/** The value that a get ends with. */
async function getValue ({ services: { dht } }: DhtNode, key: Uint8Array): Promise<string | undefined> {
  const [event] = named(await all(dht.get(key)), 'VALUE')
  return event == null ? undefined : text(event.value)
}

/** What a node keeps itself. */
async function keptBy ({ services: { dht } }: DhtNode, key: Uint8Array): Promise<string | undefined> {
  const [event] = named(await all(dht.get(key, { useNetwork: false })), 'VALUE')
  return event == null ? undefined : text(event.value)
}

describe('values on libp2p', () => {
  const network = new TestNetwork()

  afterEach(async () => { await network.stop() })

  it('are put and got as they are', async () => {
    const [a, b, c] = await network.joined(3, WITH_VALUES)
    await all(a.services.dht.put(KEY, utf8('value')))
    expect(await keptBy(c, KEY)).to.equal('value')
    expect(await getValue(b, KEY)).to.equal('value')
  })

  it('may be public keys without further ado', async () => {
    const [a, b] = await network.joined(2)
    const { publicKey } = await generateKeyPair('RSA', 2048)
    const key = Uint8Array.of(...utf8('/pk/'), ...publicKey.toMultihash().bytes)
    await all(a.services.dht.put(key, publicKey.raw)).then(() => expect.fail('this is not its protobuf'), () => {})
    const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    expect(await failure(all(a.services.dht.put(key, other.toMultihash().digest)))).to.equal('InvalidRecordError')
    const own = Uint8Array.of(...utf8('/pk/'), ...other.toMultihash().bytes)
    await all(a.services.dht.put(own, other.toMultihash().digest))
    const [{ value }] = named(await all(b.services.dht.get(own)), 'VALUE')
    expect(value).to.deep.equal(other.toMultihash().digest)
  })

  it('are the public keys of peers that who is asked has met, and its own, without a put', async () => {
    const server = await network.node()
    const privateKey = await generateKeyPair('RSA', 2048)
    const [known, asker] = [await network.node({ ...INIT, clientMode: true }, { privateKey }), await network.node({ ...INIT, clientMode: true })]
    const id = peerIdFromString(known.peerId.toString()) // as somebody has it who knows only the name
    await known.dial(server.getMultiaddrs())
    await asker.dial(server.getMultiaddrs())
    await until('the asker knows the server', () => asker.services.dht.routingTable.size === 1)
    await until('the server knows the key', async () => (await server.peerStore.get(id)).id.publicKey != null)
    expect((await asker.getPublicKey(id)).equals(privateKey.publicKey)).to.equal(true)

    await known.services.dht.setMode('server')
    await asker.dial(known.getMultiaddrs())
    await until('the asker knows both', () => asker.services.dht.routingTable.size === 2)
    await server.peerStore.delete(id)
    const key = Uint8Array.of(...utf8('/pk/'), ...id.toMultihash().bytes)
    const events = named(await all(asker.services.dht.get(key)), 'PEER_RESPONSE')
    expect(events.flatMap(({ from, record }) => record == null ? [] : [from.toString()])).to.deep.equal([id.toString()])
    const nobodys = Uint8Array.of(...utf8('/pk/'), 0x12, 0x20, ...new Uint8Array(32))
    expect(named(await all(asker.services.dht.get(nobodys)), 'VALUE')).to.deep.equal([])
  })

  it('are of kinds that may be added at any time, on both sides', async () => {
    const [a, b] = await network.joined(2)
    expect(named(await all(a.services.dht.put(KEY, utf8('value'))), 'QUERY_ERROR'), 'nobody takes what nobody knows').to.have.lengthOf(1)
    expect(await keptBy(a, KEY)).to.equal(undefined)
    a.services.dht.validators.v = () => {}
    const [error] = named(await all(a.services.dht.put(KEY, utf8('value'))), 'QUERY_ERROR')
    expect(error.from.equals(b.peerId)).to.equal(true)
    expect(await keptBy(b, KEY)).to.equal(undefined)
    b.services.dht.validators.v = () => {}
    expect(named(await all(a.services.dht.put(KEY, utf8('value'))), 'QUERY_ERROR')).to.deep.equal([])
    expect(await keptBy(b, KEY)).to.equal('value')
    delete b.services.dht.validators.v
    expect(await keptBy(b, KEY)).to.equal(undefined)
  })

  it('may have keys that end with their namespace', async () => {
    const [a, b] = await network.joined(2, WITH_VALUES)
    await all(a.services.dht.put(utf8('/v/'), utf8('value')))
    expect(await getValue(b, utf8('/v/'))).to.equal('value')
    expect(await failure(all(a.services.dht.put(utf8('x/v/y'), utf8('value'))))).to.equal('InvalidRecordError')
  })

  it('are validated under the signal of the get that found them', async () => {
    const [a] = await network.joined(2, WITH_VALUES)
    await all(a.services.dht.put(KEY, utf8('value')))
    const signals: Array<AbortSignal | undefined> = []
    const asker = await network.node({ ...WITH_VALUES, clientMode: true, validators: { v: (key, value, options) => { signals.push(options?.signal) } } })
    await asker.dial(a.getMultiaddrs())
    await until('the asker knows somebody', () => asker.services.dht.routingTable.size === 1)
    const controller = new AbortController()
    await all(asker.services.dht.get(KEY, { signal: controller.signal }))
    expect(signals.map(signal => signal?.aborted)).to.deep.equal([false])
  })

  it('are not found for a reason, if all that there are is refused', async () => {
    const [a] = await network.joined(2, WITH_VALUES)
    await all(a.services.dht.put(KEY, utf8('value')))
    const asker = await network.node({ ...INIT, clientMode: true })
    await asker.dial(a.getMultiaddrs())
    await until('the asker knows somebody', () => asker.services.dht.routingTable.size === 1)
    const { errors } = await asker.contentRouting.get(KEY).then(() => expect.fail('found'), (err: AggregateError) => err)
    expect(errors.map(({ name, message }) => `${name}: ${message}`)).to.deep.equal(['NotFoundError: nobody who was asked has a value at this key that is valid here: no kind of records for the namespace "v"'])
  })

  it('have no namespace that every object has', async () => {
    const [a, b] = await network.joined(2, WITH_VALUES)
    for (const namespace of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'unknown']) {
      const key = utf8(`/${namespace}/x`)
      const errors = named(await all(a.services.dht.put(key, utf8('value'))), 'QUERY_ERROR')
      expect(errors.map(({ from }) => from.toString()), namespace).to.deep.equal([b.peerId.toString()])
      expect([await keptBy(a, key), await keptBy(b, key)], namespace).to.deep.equal([undefined, undefined])
    }
  })

  it('are not looked for without a namespace', async () => {
    const [a] = await network.joined(3, WITH_VALUES)
    await expect(all(a.services.dht.get(utf8('hello')))).to.eventually.be.rejectedWith(/must be \/<namespace>\/<rest>/)
    expect(a.services.dht.routingTable.size).to.equal(2)
  })

  it('may have a namespace kv of the program\'s own, which is as any other', async () => {
    const seen: string[] = []
    const init = { ...INIT, validators: { kv: (key: Uint8Array, value: Uint8Array) => { seen.push(`${text(key)}=${text(value)}`) } } }
    const [a, b] = await network.joined(2, init)
    await all(a.services.dht.put(utf8('/kv/x'), utf8('value')))
    expect(await getValue(b, utf8('/kv/x'))).to.equal('value')
    expect([...new Set(seen)]).to.deep.equal(['/kv/x=value'])
    await all(a.services.dht.put(utf8('/unknown/x'), utf8('value')))
    expect([await keptBy(a, utf8('/unknown/x')), await keptBy(b, utf8('/kv//unknown/x'))], 'it is no open namespace').to.deep.equal([undefined, undefined])
  })

  it('are selected by a selector that takes its time', async () => {
    const selectors = {
      v: async (key: Uint8Array, records: Uint8Array[]): Promise<number> => {
        await Promise.resolve()
        return records.findIndex(record => text(record) === 'best')
      }
    }
    const nodes = await network.joined(3, { ...WITH_VALUES, selectors: { v: async () => 0 } })
    const [a, b, c] = nodes.map(({ services: { dht } }) => dht)
    await all(a.put(KEY, utf8('zzz')))
    nodes.forEach(({ services: { dht } }) => { Object.assign(dht.selectors, selectors) })
    await all(b.put(KEY, utf8('best')))
    await all(c.put(KEY, utf8('zzz'))).then(() => expect.fail('it is not the best'), () => {})
    expect(await Promise.all(nodes.map(async node => getValue(node, KEY)))).to.deep.equal(['best', 'best', 'best'])
  })

  it('whose validator or selector never comes to an end keep no query waiting that is aborted, left or stopped', async () => {
    for (const hung of ['validators', 'selectors'] as const) {
      const { services: { dht } } = await network.node({ ...WITH_VALUES, allowQueryWithZeroPeers: true })
      await all(dht.put(KEY, utf8('one')))
      const called = new Promise<void>(resolve => {
        const v = async (): Promise<never> => {
          resolve()
          return new Promise(() => {})
        }
        Object.assign(dht[hung], { v })
      })
      const controller = new AbortController()
      const begin = [
        (signal?: AbortSignal) => dht.put(KEY, utf8('two'), { signal }),
        ...hung === 'validators' ? [(signal?: AbortSignal) => dht.get(KEY, { signal }), (signal?: AbortSignal) => dht.get(KEY, { signal, useNetwork: false })] : []
      ]
      const aborted = begin.map(async query => failure(all(query(controller.signal))))
      const left = begin.map(query => query())
      left.forEach(query => { query.next().catch(() => {}) })
      const stopped = begin.slice(0, 2).map(async query => failure(all(query())))
      await called
      controller.abort(new RangeError('enough'))
      expect(await Promise.all(aborted), hung).to.deep.equal(begin.map(() => 'RangeError'))
      await Promise.all(left.map(async query => query.return()))
      await dht.stop()
      expect(await Promise.all(stopped), hung).to.deep.equal(stopped.map(() => 'none'))
    }
  })

  it('need no selector', async () => {
    const [a, b] = await network.joined(2, { ...INIT, validators: WITH_VALUES.validators })
    await all(a.services.dht.put(KEY, utf8('value')))
    expect(await getValue(b, KEY)).to.equal('value')
  })

  for (const [which, select] of Object.entries<SelectFn>({ first: () => 0, last: (key, { length }) => length - 1 })) {
    it(`are replaced where the selector takes whatever comes ${which}`, async () => {
      const [a, b] = await network.joined(2, { ...WITH_VALUES, selectors: { v: select } })
      for (const value of ['one', 'two', 'one']) {
        expect(named(await all(a.services.dht.put(KEY, utf8(value))), 'QUERY_ERROR')).to.deep.equal([])
        expect([await keptBy(a, KEY), await keptBy(b, KEY)]).to.deep.equal([value, value])
      }
    })
  }

  it('may be put into the datastore by somebody else', async () => {
    const datastore = new MemoryDatastore()
    const [a, b] = [await network.node(WITH_VALUES, { datastore }), await network.node(WITH_VALUES)]
    await connectAll([a, b])
    expect(await getValue(b, KEY)).to.equal(undefined)
    await datastore.put(new Key(`/dht/record/${toString(KEY, 'base32')}`), new Record(KEY, utf8('value'), new Date()).serialize())
    expect(await getValue(b, KEY)).to.equal('value')
  })

  it('are refused when a better one is kept, here and there', async () => {
    const [a, b] = await network.joined(2, WITH_VALUES)
    await all(a.services.dht.put(KEY, utf8('b')))
    expect(await failure(all(b.services.dht.put(KEY, utf8('a'))))).to.equal('OutdatedRecordError')
    b.services.dht.selectors.v = (key, records) => records.findIndex(record => text(record) === 'a') // it alone takes the least for the best
    const [error] = named(await all(b.services.dht.put(KEY, utf8('a'))), 'QUERY_ERROR')
    expect(error.from.equals(a.peerId)).to.equal(true)
    expect(await keptBy(a, KEY)).to.equal('b')
    expect(await keptBy(b, KEY)).to.equal('a')
  })

  it('are refused when they are not valid or too large', async () => {
    const [a] = await network.joined(2, { ...WITH_VALUES, maxValueSize: 100 })
    expect(await failure(all(a.services.dht.put(KEY, utf8('X'))))).to.equal('InvalidRecordError')
    expect(await failure(all(a.services.dht.put(KEY, new Uint8Array(101))))).to.equal('ValueTooLargeError')
    expect(await keptBy(a, KEY)).to.equal(undefined)
    await all(a.services.dht.put(KEY, new Uint8Array(100)))
  })

  it('are served no longer once their own validator has had enough of them', async () => {
    const valid = { yes: true }
    const validators = { v: () => { if (!valid.yes) { throw new Error('it has ended') } } }
    const [a, b] = await network.joined(2, { ...INIT, validators })
    await all(a.services.dht.put(KEY, utf8('value')))
    expect(await keptBy(b, KEY)).to.equal('value')
    valid.yes = false
    expect(await keptBy(b, KEY)).to.equal(undefined)
    const events = await all(a.services.dht.get(KEY))
    expect(named(events, 'VALUE')).to.deep.equal([])
    expect(named(events, 'PEER_RESPONSE').map(({ record }) => record), 'it does not travel').to.deep.equal([undefined])
    expect(named(events, 'QUERY_ERROR')).to.deep.equal([])
  })

  it('that are not valid count as none, and as errors of who gave them', async () => {
    const [a, b, c] = await network.joined(3, { ...WITH_VALUES, validators: { v: () => {} } })
    await all(b.services.dht.put(KEY, utf8('X marks the spot')))
    a.services.dht.validators.v = () => { throw new Error('not here') }
    const events = await all(a.services.dht.get(KEY))
    expect(named(events, 'VALUE')).to.deep.equal([])
    const errors = named(events, 'QUERY_ERROR')
    expect(errors.map(({ from }) => from.toString()).sort()).to.deep.equal([b, c].map(({ peerId }) => peerId.toString()).sort())
    expect(errors.map(({ error }) => error.name)).to.deep.equal(['InvalidRecordError', 'InvalidRecordError'])
  })

  it('are corrected at those who are behind', async () => {
    const [a, b, c] = await network.joined(3, WITH_VALUES)
    await all(a.services.dht.put(KEY, utf8('a')))
    a.services.dht.validators.v = () => { throw new Error('refused') }
    await all(b.services.dht.put(KEY, utf8('b')))
    a.services.dht.validators.v = () => {}
    expect(await keptBy(a, KEY)).to.equal('a')
    expect(await getValue(c, KEY)).to.equal('b')
    await until('who was behind is corrected', async () => await keptBy(a, KEY) === 'b')
  })
})
