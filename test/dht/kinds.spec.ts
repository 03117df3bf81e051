import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { immutableKeyOf } from '../../src/record/immutable.ts'
import { formatRecordKey } from '../../src/record/key-text.ts'
import { mutableKeyOf } from '../../src/record/mutable-key.ts'
import { sealMutableValue } from '../../src/record/mutable.ts'
import { utf8 } from '../helpers/protobuf.ts'
import { Simulation } from '../helpers/simulation.ts'
import type { OperationOptions } from '../../src/dht/events.ts'
import type { RecordKind } from '../../src/record/validator.ts'
import type { SimulatedNode } from '../helpers/simulation.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

async function failure (task: Promise<unknown>): Promise<string> {
  return task.then(() => 'none', (err: Error) => err.name)
}

describe('kinds of values in a network', () => {
  let simulation: Simulation
  let nodes: SimulatedNode[]
  let privateKey: Ed25519PrivateKey

  beforeEach(async () => {
    privateKey = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7))
    simulation = new Simulation({ seed: 5, latency: 20 })
    nodes = await simulation.nodesJoined(30)
  })

  afterEach(async () => {
    expect(await simulation.stop(), 'timers left').to.equal(0)
  })

  it('find an immutable value by its hash, and nothing else there', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    const { key, storedAt } = await run(nodes[0].dht.putImmutable('forever'))
    expect(key).to.equalBytes(immutableKeyOf(utf8('forever')))
    expect(storedAt).to.have.lengthOf(20)
    expect(text((await run(nodes[9].dht.get(key))).value)).to.equal('forever')
    expect(await failure(run(nodes[1].dht.put(key, 'something else')))).to.equal('InvalidRecordError')
  })

  it('count the versions of a mutable value, from whichever node its holder writes', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    for (const [i, writer] of [3, 11, 27].entries()) {
      const { sequence, storedAt, failed } = await run(nodes[writer].dht.putMutable(privateKey, { value: `version ${i}`, salt: 'profile' }))
      expect({ sequence, stored: storedAt.length, failed }).to.deep.equal({ sequence: i + 1, stored: 20, failed: [] })
    }
    const key = mutableKeyOf(privateKey.publicKey, 'profile')
    for (const asked of [key, formatRecordKey(key)]) {
      const { value, sequence, agreeing, ttl, passedOn, ...found } = await run(nodes[17].dht.getMutable(asked))
      expect({ key: found.key, value, sequence }).to.deep.equal({ key, value: utf8('version 2'), sequence: 3 })
      expect(agreeing.length).to.be.at.least(20)
      expect(ttl).to.be.within(86_000_000, 86_400_000)
      await run(passedOn)
    }
    expect(text((await run(nodes[18].dht.get(key))).value), 'without its envelope').to.equal('version 2')
    expect(await failure(run(nodes[18].dht.getMutable(mutableKeyOf(privateKey.publicKey))))).to.equal('ValueNotFoundError')
  })

  it('swap a mutable value only for the version that was read', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    await run(nodes[0].dht.putMutable(privateKey, { value: 'one' }))
    await run(nodes[1].dht.putMutable(privateKey, { value: 'two', cas: 1 }))
    const late = nodes[2].dht.putMutable(privateKey, { value: 'also two', cas: 1 })
    expect(await run(late.then(() => undefined, err => ({ name: err.name, found: err.found })))).to.deep.equal({ name: 'SequenceMismatchError', found: 2 })
    expect((await run(nodes[3].dht.getMutable(mutableKeyOf(privateKey.publicKey)))).value).to.equalBytes(utf8('two'))
  })

  it('swap a mutable value that is not there for nothing only', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    const absent = nodes[0].dht.putMutable(privateKey, { value: 'next', salt: 'absent', cas: 5 })
    expect(await run(absent.then(() => undefined, err => ({ name: err.name, found: err.found, message: err.message })))).to.deep.equal({
      name: 'SequenceMismatchError',
      found: 0,
      message: 'sequence 5 was to be replaced, but nothing was found: get the value again, and write with 0 as cas if nothing is to be there'
    })
    expect(await failure(run(nodes[1].dht.getMutable(mutableKeyOf(privateKey.publicKey, utf8('absent')))))).to.equal('ValueNotFoundError')
    expect(await run(nodes[0].dht.putMutable(privateKey, { value: 'first', salt: 'absent', cas: 0 }))).to.include({ sequence: 1 })
  })

  it('wait for their turn no longer than they may, nor than somebody wants them', async () => {
    const [{ dht }, ...others] = nodes
    const { clock } = simulation
    const controller = new AbortController()
    others.forEach(({ host }) => { host.crash() })
    const outcomes: string[] = []
    const put = async (value: string, options: OperationOptions = {}): Promise<void> => {
      const outcome = await dht.putMutable(privateKey, { value, ...options }).then(({ sequence }) => `wrote ${sequence}`, err => err.message)
      outcomes.push(`${value} ${outcome} at ${Math.round(clock.now() - begun)}`)
    }
    const begun = clock.now()
    const all = Promise.all([put('first'), put('second', { timeout: 200 }), put('third', { signal: controller.signal })])
    clock.schedule(100, () => { controller.abort(new Error('enough')) })
    await clock.advance(1_000)
    expect(outcomes).to.deep.equal(['third enough at 100', 'second other puts of this value took all of the 200 ms at 200'])
    await clock.run(all)
    expect(outcomes[2]).to.match(/^first none of the \d+ nodes asked answered/)
  })

  it('are found and written within one timeout', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    const put = async (timeout: number): Promise<string> => {
      const begun = simulation.clock.now()
      const outcome = await run(nodes[0].dht.putMutable(privateKey, { value: 'x', timeout }).then(({ sequence }) => `wrote ${sequence}`, err => err.message))
      expect(simulation.clock.now() - begun).to.be.at.most(timeout)
      return outcome
    }
    const found = new Promise<number>(resolve => {
      const begun = simulation.clock.now()
      void nodes[1].dht.putMutable(privateKey, { value: 'first', onProgress: ({ type }) => { if (type === 'stored') { resolve(simulation.clock.now() - begun) } } })
    })
    const needed = await run(found)
    await simulation.clock.advance(10_000)
    expect(await put(Math.ceil(needed / 3))).to.match(/^to find the newest version took all of the \d+ ms$/)
    expect(await put(10 * needed), 'nothing was written').to.equal('wrote 2')
    const both = Promise.all([1_000, 1].map(async timeout => nodes[2].dht.putMutable(privateKey, { value: 'y', timeout }).then(() => 'wrote', err => err.message)))
    expect(await run(both)).to.deep.equal(['wrote', 'other puts of this value took all of the 1 ms'])

    const begun = simulation.clock.now()
    const before = nodes[3].dht.putMutable(privateKey, { value: 'z' }).then(() => simulation.clock.now() - begun)
    const after = failure(nodes[3].dht.putMutable(privateKey, { value: 'z', timeout: 1.25 * needed })).then(name => `${name} at ${simulation.clock.now() - begun}`)
    expect(await run(before), 'its turn comes when little is left').to.equal(needed)
    expect(await run(after)).to.equal(`TimeoutError at ${1.25 * needed}`)
  })

  it('are asked for by their keys, and sequences by whole numbers', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    await run(nodes[0].dht.put('open', 'value'))
    expect(await failure(run(nodes[1].dht.getMutable(utf8('/kv/open'))))).to.equal('InvalidOptionError')
    expect(await failure(run(nodes[1].dht.getMutable(new Uint8Array())))).to.equal('InvalidOptionError')
    expect(await failure(run(nodes[1].dht.getMutable('open')))).to.equal('InvalidOptionError')
    expect(await failure(run(nodes[1].dht.getMutable('/mutable/open')))).to.equal('InvalidKeyError')
    const text: any = '1'
    for (const cas of [text, NaN, -1, 1.5]) {
      expect(await failure(run(nodes[0].dht.putMutable(privateKey, { value: 'x', salt: 'number', cas })))).to.equal('InvalidOptionError')
    }
  })

  it('are written with an Ed25519 key only', async () => {
    const [{ dht }] = nodes
    const wrong: any[] = [undefined, null, 'key', new Uint8Array(64), privateKey.publicKey, await generateKeyPair('secp256k1')]
    for (const key of wrong) {
      await expect(dht.putMutable(key, { value: 'x' })).to.eventually.be.rejectedWith(/^the private key must be an Ed25519 private key/).with.property('name', 'InvalidOptionError')
    }
    const none: any[] = [undefined, 'a value', ['a value']]
    for (const init of none) {
      await expect(dht.putMutable(privateKey, init)).to.eventually.be.rejectedWith(/^what is put \(value, salt, cas\) must be an object, not /).with.property('name', 'InvalidOptionError')
    }
  })

  it('let puts of one node take turns', async () => {
    const [{ dht }] = nodes
    const results = await simulation.clock.run(Promise.all(['a', 'b', 'c'].map(async value => dht.putMutable(privateKey, { value }))))
    expect(results.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3])
  })

  it('are never rolled back, whatever the order of arrival, and corrected where they are behind', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    const key = mutableKeyOf(privateKey.publicKey)
    const [old, current] = await Promise.all([1, 2].map(async sequence => sealMutableValue(privateKey, key, { sequence, data: utf8(`version ${sequence}`) })))
    const { closest } = await run(nodes[0].dht.lookup(key))
    const holders = nodes.filter(({ dht }) => closest.some(({ id }) => text(id) === text(dht.self.id)))
    await run(nodes[0].dht.store(holders[0].dht.self, key, old))
    await run(nodes[0].dht.store(holders[1].dht.self, key, current))
    expect(await failure(run(nodes[0].dht.store(holders[1].dht.self, key, old)))).to.equal('StreamResetError')
    expect(await run(nodes[1].dht.getMutable(key))).to.include({ sequence: 2 })
    await simulation.clock.advance(5_000)
    expect(text((await run(nodes[2].dht.findValue(holders[0].dht.self, key))).value ?? utf8('nothing'))).to.equal('version 2')
  })

  it('are verified once by whoever gets them, of however many', async () => {
    let verified = 0
    const kind = (count: () => void): RecordKind => ({ namespace: 'signed', validate: ({ value }) => { count(); if (value[0] === 0) { throw new Error('not signed') } }, select: () => 0 })
    const small = new Simulation({ seed: 8, latency: 20 })
    const [first] = await small.nodesJoined(25, { kinds: [kind(() => {})] })
    const asker = await small.node({ bootstrap: first.host.self.addrs, mode: 'client', kinds: [kind(() => { verified++ })] })
    const { storedAt } = await small.clock.run(first.dht.put('/signed/x', 'value'))
    const { agreeing } = await small.clock.run(asker.dht.get('/signed/x'))
    expect(agreeing.length).to.equal(storedAt.length).and.equal(20)
    expect(verified).to.equal(1)
    expect(await small.stop(), 'timers left').to.equal(0)
  })

  it('take data of the largest size, and no more', async () => {
    const run = async <T> (task: Promise<T>): Promise<T> => simulation.clock.run(task)
    const small = new Simulation({ seed: 6, latency: 20 })
    const [a, b] = await small.nodesJoined(3, { maxValueSize: 100 })
    await small.clock.run(a.dht.putMutable(privateKey, { value: new Uint8Array(100).fill(1) }))
    expect((await small.clock.run(b.dht.getMutable(mutableKeyOf(privateKey.publicKey)))).value).to.have.lengthOf(100)
    expect(await failure(small.clock.run(a.dht.putMutable(privateKey, { value: new Uint8Array(101) })))).to.equal('ValueTooLargeError')
    expect(await failure(small.clock.run(a.dht.putImmutable(new Uint8Array(101))))).to.equal('ValueTooLargeError')
    expect(await small.stop()).to.equal(0)
    expect(await failure(run(nodes[0].dht.putMutable(privateKey, { value: '', salt: new Uint8Array(65) })))).to.equal('InvalidOptionError')
    expect(await run(nodes[0].dht.putMutable(privateKey, { value: '', salt: new Uint8Array(64) }))).to.include({ sequence: 1 })
  })
})
