import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { createNode } from '../src/node.ts'
import type { KadNode, NodeInit } from '../src/node.ts'

const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

/** What keeps the process alive; a closed handle leaves the list a few turns of the loop later. */
async function activeResources (): Promise<string[]> {
  for (let turn = 0; turn < 10; turn++) {
    await new Promise(resolve => { setImmediate(resolve) })
  }
  return process.getActiveResourcesInfo().filter(name => name !== 'Timeout' && name !== 'Immediate')
}

describe('createNode', () => {
  const nodes: KadNode[] = []
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-test-'))
  })

  after(async () => {
    await rm(folder, { recursive: true })
  })

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async node => { await node.stop() }))
  })

  async function create (init: NodeInit = {}): Promise<KadNode> {
    const node = await createNode({ listen: LOOPBACK, ...init })
    nodes.push(node)
    return node
  }

  it('keeps its identity in the data directory, and makes another without', async () => {
    const dataDir = join(folder, 'made', 'if', 'need', 'be')
    const first = await create({ dataDir })
    await first.stop()
    const again = await create({ dataDir })
    const other = await create()
    expect(again.peerId).to.equal(first.peerId)
    expect(other.peerId).to.not.equal(first.peerId)
  })

  it('tells addresses that end in its PeerId, through which others join', async () => {
    const root = await create()
    expect(root.addresses).to.have.lengthOf(1)
    expect(root.addresses[0]).to.match(new RegExp(`^/ip4/127.0.0.1/tcp/\\d+/p2p/${root.peerId}$`))
    const node = await create({ bootstrap: root.addresses })
    expect(node.contacts).to.equal(1)
  })

  it('joins by host:port too, not knowing whom it will meet', async () => {
    const root = await create()
    const port = /tcp\/(\d+)/.exec(root.addresses[0])?.[1]
    const node = await create({ bootstrap: [`127.0.0.1:${port}`] })
    expect(node.contacts).to.equal(1)
  })

  it('refuses another network with both names in the error', async () => {
    const root = await create({ network: '/one/1.0.0' })
    const stranger = await create({ network: '/two/1.0.0' })
    await expect(stranger.ping(root.addresses[0])).to.eventually.be.rejectedWith(/\/one\/1\.0\.0.*\/two\/1\.0\.0/)
      .with.property('name', 'UnsupportedProtocolError')
  })

  it('does not listen as a client, and is entered in nobody\'s table', async () => {
    const root = await create()
    const client = await createNode({ mode: 'client', bootstrap: root.addresses })
    nodes.push(client)
    expect(client.addresses).to.deep.equal([])
    await client.put('key', 'value')
    expect(root.contacts).to.equal(0)
  })

  it('runs on without its bootstrap nodes, and says so when asked to join', async () => {
    const node = await create({ bootstrap: ['127.0.0.1:1'] })
    expect(node.contacts).to.equal(0)
    await expect(node.join(['127.0.0.1:1'])).to.eventually.be.rejectedWith(/nobody answered at the bootstrap address.*ECONNREFUSED/)
      .with.property('name', 'NoPeersError')
  })

  it('leaves no socket behind when an option makes no sense', async () => {
    const before = await activeResources()
    await expect(createNode({ listen: LOOPBACK, k: -1 })).to.eventually.be.rejected.with.property('name', 'InvalidOptionError')
    const senseless = { mode: 'Server', security: 'none', scope: 'all', probe: 'pong', listen: '127.0.0.1:0', announce: '127.0.0.1:1', bootstrap: '127.0.0.1:1' }
    for (const [name, value] of Object.entries(senseless)) {
      await expect(createNode({ listen: LOOPBACK, ...JSON.parse(JSON.stringify({ [name]: value })) }), name)
        .to.eventually.be.rejectedWith(new RegExp(`^${name} must be .*not "${value}"`)).with.property('name', 'InvalidOptionError')
    }
    for (const limit of ['maxSockets', 'maxSocketsPerRemote', 'maxHandshakes']) {
      for (const value of [-1, NaN, 0.5]) {
        await expect(createNode({ listen: LOOPBACK, limits: { [limit]: value } }), limit)
          .to.eventually.be.rejectedWith(new RegExp(`^limits.${limit} must be .*not ${value}`)).with.property('name', 'InvalidOptionError')
      }
    }
    const wrong: Record<string, any[]> = {
      listen: [[5], [{ bytes: new Uint8Array() }]],
      announce: [[5]],
      bootstrap: [[5]],
      start: ['false', 0],
      allowRemotePlain: ['false'],
      limits: [null, 5],
      dataDir: [5, new URL('file:///tmp')],
      privateKey: ['key', new Uint8Array(64)],
      signal: [{}, new AbortController()]
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        await expect(createNode({ listen: LOOPBACK, [name]: value }), name).to.eventually.be.rejectedWith(new RegExp(`^(an address of )?${name} must be`)).with.property('name', 'InvalidOptionError')
      }
    }
    for (const init of JSON.parse('[null, [], "init", 5]')) {
      await expect(createNode(init)).to.eventually.be.rejectedWith('the options of createNode must be an object').with.property('name', 'InvalidOptionError')
    }
    for (const name of ['bootstrapp', 'protocol', 'toString']) {
      await expect(createNode({ listen: LOOPBACK, [name]: undefined })).to.eventually.be.rejectedWith(`"${name}" is no option of createNode, which has network, dataDir,`).with.property('name', 'InvalidOptionError')
    }
    for (const name of ['bootstrap', 'announce']) {
      await expect(createNode({ listen: LOOPBACK, [name]: ['127.0.0.1:0'] })).to.eventually.be.rejectedWith(/127\.0\.0\.1:0.*port 0/).with.property('name', 'InvalidAddressError')
    }
    await expect(createNode({ listen: LOOPBACK, bootstrap: ['nonsense'] })).to.eventually.be.rejected.with.property('name', 'InvalidAddressError')
    expect(await activeResources()).to.deep.equal(before)
  })

  it('leaves nothing running after stop', async () => {
    const before = await activeResources()
    const root = await create()
    const node = await create({ bootstrap: root.addresses })
    await node.put('key', 'value')
    await Promise.all([node.stop(), root.stop()])
    expect(await activeResources()).to.deep.equal(before)
  })

  it('replaces its dumps at once, and makes the folders to them', async () => {
    const node = await create()
    const path = join(folder, 'dumps', 'of', 'node.json')
    await node.dumpState(path)
    await node.dumpState(path)
    const state = JSON.parse(await readFile(path, 'utf8'))
    expect(state.node.peer_id).to.equal(node.peerId)
    expect(await readFile(`${path}.plantuml`, 'utf8')).to.match(/^@startjson\n[^]*\n@endjson\n$/)
  })
})
