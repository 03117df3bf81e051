import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { systemClock } from '../../src/clock/clock.ts'
import { openDataDir } from '../../src/data-dir/data-dir.ts'
import { createNode } from '../../src/node.ts'
import { MemoryValueStore } from '../../src/store/memory.ts'
import { finished, kadmium, killLeftovers, spawnKadmium, StartedNode } from '../cli/kadmium.ts'
import { all, idOf, multihashOf, peerOf } from '../store/fixtures.ts'
import type { KadNode, NodeInit } from '../../src/node.ts'

const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']
const HOUR_MS = 3_600_000

describe('the data directory', () => {
  const nodes: KadNode[] = []
  let dir: string

  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'kadmium-data-')) })
  afterEach(async () => {
    killLeftovers()
    await Promise.all(nodes.splice(0).map(async node => { await node.stop() }))
    await rm(dir, { recursive: true })
  })

  async function create (init: NodeInit = {}): Promise<KadNode> {
    const node = await createNode({ listen: LOOPBACK, ...init })
    nodes.push(node)
    return node
  }

  it('gives a node back all it had', async () => {
    const other = await create()
    const first = await create({ dataDir: dir, bootstrap: other.addresses })
    expect(first.restored).to.deep.equal({ values: 0, providers: 0, publications: 0, contacts: 0 })
    expect(other.restored).to.equal(undefined)
    await first.put('ours', 'one')
    await other.put('theirs', 'two')
    await other.put('theirs', 'two again')
    await first.provide(multihashOf(1))
    await other.provide(multihashOf(2))
    await other.ping(first.addresses[0]) // behind it on the same stream, and answered
    await first.stop()

    const again = await create({ dataDir: dir })
    expect(again.peerId).to.equal(first.peerId)
    expect(again.restored).to.deep.equal({ values: 2, providers: 2, publications: 1, contacts: 1 })
    expect(again.contacts).to.equal(1)
    await other.stop()
    expect(new TextDecoder().decode((await again.get('ours')).value)).to.equal('one')
    expect(new TextDecoder().decode((await again.get('theirs')).value)).to.equal('two again')
    expect((await all(again.findProviders(multihashOf(2)))).map(({ provider }) => [...provider.id])).to.deep.equal([[...other.self.id]])
    expect(await again.unpublish('ours')).to.equal(true)
    expect(await readdir(dir)).to.have.members(['db', 'format', 'identity.key'])
  })

  it('forgets what a node was told to forget', async () => {
    const node = await create({ dataDir: dir })
    await node.put('key', 'value')
    await node.unpublish('key')
    await node.provide(multihashOf(1))
    await node.unprovide(multihashOf(1))
    await node.stop()
    expect((await create({ dataDir: dir })).restored).to.deep.include({ providers: 0, publications: 0 })
  })

  it('leaves those stores alone that are given', async () => {
    const values = new MemoryValueStore(systemClock)
    const node = await create({ dataDir: dir, values })
    await node.put('key', 'value')
    expect(await all(values.values())).to.have.length(1)
    await node.stop()
    expect((await create({ dataDir: dir })).restored).to.deep.include({ values: 0, publications: 1 })
  })

  it('keeps how long a value lives, whatever the default is at the next start', async () => {
    const first = await create({ dataDir: dir, valueTtl: HOUR_MS })
    await first.put('short', 'value')
    await first.stop()
    const again = await create({ dataDir: dir, valueTtl: 100 * HOUR_MS })
    const [row] = await all(again.internals.store.values())
    expect(row.expires - row.timeReceived).to.equal(HOUR_MS)
  })

  it('is told of by the command', async () => {
    const node = await StartedNode.start(['--data', dir])
    expect(node.events.get('started')).to.deep.include({ data_dir: dir, restored: { values: 0, providers: 0, publications: 0, contacts: 0 } })
    await kadmium(['store', node.addr, 'key', 'value'])
    await node.stop()

    const again = spawnKadmium(['start', '--listen', '127.0.0.1:0', '--data', dir])
    const end = finished(again)
    again.stdout.once('data', () => { again.kill('SIGINT') })
    const { code, stdout } = await end
    expect(code).to.equal(0)
    expect(String(stdout)).to.match(/^identity {2}kept in .*, with values, provider records and contacts\nrestored {2}1 value, 0 provider records, 0 values of ours to keep alive, 0 contacts$/m)
  })

  it('can be opened without a node, and serves nothing once it is closed', async () => {
    const { values, close } = await openDataDir({ dir, self: idOf(0) })
    const value = { key: Uint8Array.of(1), value: Uint8Array.of(2), timeReceived: systemClock.now(), expires: systemClock.now() + HOUR_MS }
    await values.put(value)
    const writing = Promise.allSettled(Array.from({ length: 50 }, async (_, n) => { await values.put({ ...value, key: Uint8Array.of(1, n) }) }))
    await close()
    const written = (await writing).filter(({ status }) => status === 'fulfilled')
    await expect(values.put(value)).to.eventually.be.rejectedWith(/was closed: the node was stopped/).with.property('name', 'DatastoreError')
    await expect(values.get(value.key)).to.eventually.be.rejectedWith(/was closed: the node was stopped/)
    await close()
    const again = await openDataDir({ dir, self: idOf(0) })
    expect(again.restored.values).to.equal(1 + written.length)
    await again.close()
  })

  it('is closed when a node does not come to be', async () => {
    const taken = await create()
    await expect(createNode({ dataDir: dir, listen: [taken.addresses[0].replace(/\/p2p\/.*/, '')] })).to.eventually.be.rejected.with.property('name', 'ListenError')
    await expect(createNode({ dataDir: dir, listen: LOOPBACK, k: -1 })).to.eventually.be.rejected.with.property('name', 'InvalidOptionError')
    const reason = new Error('enough')
    await expect(createNode({ dataDir: dir, listen: LOOPBACK, signal: AbortSignal.abort(reason) })).to.eventually.be.rejectedWith('enough')
    await expect(openDataDir({ dir, self: idOf(0), signal: AbortSignal.abort(reason) })).to.eventually.be.rejectedWith('enough')
    const never = await createNode({ dataDir: dir, listen: LOOPBACK, start: false })
    await never.stop()
    await create({ dataDir: dir })
  })

  it('has contacts, provider records with their addresses, and the list of what is published', async () => {
    const first = await openDataDir({ dir, self: idOf(0) })
    await first.contacts.save([peerOf(1), peerOf(2)])
    await first.providers.add(multihashOf(1), peerOf(3))
    await first.publications.put({ key: Uint8Array.of(1), value: Uint8Array.of(2), published: 5, life: HOUR_MS })
    await first.close()
    const again = await openDataDir({ dir, self: idOf(0) })
    expect(again.restored).to.deep.equal({ values: 0, providers: 1, publications: 1, contacts: 2 })
    expect(await again.contacts.load()).to.deep.equal([peerOf(1), peerOf(2)])
    expect(await again.providers.get(multihashOf(1))).to.deep.equal([peerOf(3)])
    expect([...again.publications.times()]).to.deep.equal([{ key: Uint8Array.of(1), published: 5, life: HOUR_MS }])
    await again.close()
  })
})
