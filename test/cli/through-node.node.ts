import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { sha256 } from 'multiformats/hashes/sha2'
import { askNode } from '../../src/cli/control-client.ts'
import { MAX_VALUE_SIZE } from '../../src/dht/config.ts'
import { multihashText } from '../../src/record/multihash-text.ts'
import { kadmiumJson, runHere } from './in-process.ts'
import { killLeftovers, StartedNode } from './kadmium.ts'
import type { ControlRequest } from '../../src/cli/control-client.ts'

const CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

/** Somebody who runs nowhere. */
const OTHER_PEER = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'

describe('commands through a running node', () => {
  let folder: string
  let data: string
  let root: StartedNode
  let node: StartedNode
  let through: string[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-'))
    data = join(folder, 'node')
    root = await StartedNode.start([])
    node = await StartedNode.start(['--data', data, '--bootstrap', root.addr], 'joined')
    through = ['--bootstrap', root.addr]
  })

  afterEach(async () => {
    await Promise.all([root.stop(), node.stop()])
    await rm(folder, { recursive: true })
    killLeftovers()
  })

  /** What comes back when the node is started again. */
  async function restored (): Promise<any> {
    await node.stop()
    node = await StartedNode.start(['--data', data, '--bootstrap', root.addr], 'joined')
    return node.events.get('started').restored
  }

  it('a value that is put is kept alive until unpublish, after a restart too', async () => {
    const put = await runHere(['put', 'greeting', 'hello', '--ttl', '2h', '--data', data])
    expect(put.code).to.equal(0)
    expect(put.stdout).to.match(/^stored 5 bytes as \/kv\/greeting at 1 node \(1 hop, \d+ ms\)\n$/)
    expect(put.stderr).to.match(/the node keeps it alive\n$/)
    const got = await kadmiumJson(['get', 'greeting', ...through])
    expect(got.document).to.include({ value: 'hello' })
    expect(got.document.agreeing).to.have.length(2)
    expect(got.document.ttl_ms).to.be.within(1, 2 * 3_600_000)
    expect(await restored()).to.include({ values: 1, publications: 1 })

    const unpublish = ['unpublish', 'greeting', '--data', data]
    expect(await kadmiumJson(unpublish)).to.deep.include({ code: 0, stderr: '' })
    expect((await runHere(unpublish)).stdout).to.equal('was not kept alive: /kv/greeting\n')
    expect(await restored()).to.include({ values: 1, publications: 0 })
  })

  it('a value that nobody else keeps stays with the node', async () => {
    await root.stop('SIGKILL')
    const { code, stdout, stderr } = await runHere(['put', 'greeting', 'hello', '--data', data, '--timeout', '3s'])
    expect(code).to.equal(0)
    expect(stdout).to.match(/^stored 5 bytes as \/kv\/greeting at 0 nodes/)
    expect(stderr).to.match(/the node keeps it, and nobody else does yet: it tries again\n$/)
  })

  it('what could be done in the time that was given is told', async () => {
    root.child.kill('SIGSTOP')
    const put = await runHere(['put', 'greeting', 'hello', '--data', data, '--timeout', '1s'])
    const provide = await runHere(['provide', CID, '--data', data, '--timeout', '1s'])
    root.child.kill('SIGCONT')
    expect(put.stderr).to.match(/the node keeps it, and nobody else does yet: it tries again\n$/)
    expect(put.stdout).to.match(/^stored 5 bytes as \/kv\/greeting at 0 nodes/)
    expect(put.code).to.equal(0)
    expect(provide.stdout).to.match(/^provided bafk\w+: told 0 nodes; it tries again/)
    expect(provide.code).to.equal(0)
  })

  it('values of all kinds, as large as any', async () => {
    const value = randomBytes(MAX_VALUE_SIZE)
    const file = join(folder, 'value')
    await writeFile(file, value)
    const { document } = await kadmiumJson(['put', '--immutable', `@${file}`, '--data', data])
    expect(document).to.include({ key: `/immutable/${multihashText((await sha256.digest(value)).bytes)}`, size: MAX_VALUE_SIZE, sequence: null })

    const key = join(folder, 'kadmium.key')
    await runHere(['keygen', '--out', key])
    const putMutable = ['put', '--mutable', 'profile', '--key', key, '--data', data]
    expect((await kadmiumJson([...putMutable, 'one'])).document).to.include({ sequence: 1, size: 3 })
    expect((await kadmiumJson([...putMutable, '--cas', '1', 'two'])).document).to.include({ sequence: 2 })
    const refused = await kadmiumJson([...putMutable, '--cas', '1', 'three'])
    expect(refused).to.include({ code: 7 })
    expect(refused.document.error).to.include({ name: 'SequenceMismatchError' })
    expect((await kadmiumJson(['get', '--mutable', 'profile', '--key', key, ...through])).document).to.include({ value: 'two', sequence: 2 })
  })

  it('content is provided until unprovide, after a restart too', async () => {
    const provide = await runHere(['provide', CID, '--data', data])
    expect(provide.code).to.equal(0)
    expect(provide.stdout).to.match(/^provided bafk\w+: told 1 node \(1 hop, \d+ ms\)\n$/)
    expect((await runHere(['find-providers', CID, ...through])).stdout).to.equal(`${node.addr}\n`)
    const { document } = await kadmiumJson(['find-providers', CID, ...through])
    expect(document.providers).to.have.length(1)
    expect(document.providers[0]).to.deep.include({ peer_id: node.peerId, addrs: [node.addr] })
    expect(await restored()).to.include({ providers: 1 })

    expect((await runHere(['unprovide', CID, '--data', data])).stdout).to.equal(`provided no longer: ${CID}\n`)
    expect(await restored()).to.include({ providers: 0 })
  })

  it('content is named by a CID of any version, or by its SHA-256', async () => {
    const digest = (await sha256.digest(Buffer.from('some content'))).digest
    const named = [Buffer.from(digest).toString('hex'), multihashText(Uint8Array.of(0x12, 0x20, ...digest))]
    const [first, second] = await Promise.all(named.map(async name => kadmiumJson(['provide', name, '--data', data])))
    expect(first.document.multihash).to.equal(second.document.multihash).and.to.equal(named[1])
    const unknown = await kadmiumJson(['find-providers', CID, ...through])
    expect(unknown.code).to.equal(4)
    expect(unknown.document.error).to.include({ name: 'NotFoundError' })
    const none = await runHere(['provide', 'nonsense', '--data', data])
    expect(none).to.deep.equal({ code: 2, stdout: '', stderr: 'kadmium: "nonsense" is no CID: give one like Qm… or bafy…, or the 64 hex digits that sha256sum prints\n' })
  })

  it('peers are found, or are not: 4', async () => {
    expect((await runHere(['find-peer', node.peerId, ...through])).stdout).to.equal(`${node.addr}\n`)
    expect((await kadmiumJson(['find-peer', node.peerId, ...through])).document.peer).to.include({ peer_id: node.peerId })
    expect((await kadmiumJson(['find-peer', OTHER_PEER, ...through])).code).to.equal(4)
    expect((await runHere(['find-peer', 'nobody', ...through])).stderr).to.equal('kadmium: "nobody" is no PeerId: give one like 12D3Koo…\n')
  })

  it('a request that lacks something is told what, and nothing is put', async () => {
    const kind = { type: 'keyed', key: 'greeting' }
    const incomplete: Array<[ControlRequest & Record<string, unknown>, string]> = [
      [{ type: 'put' }, 'the request needs "value", bytes in base64'],
      [{ type: 'put', kind, value: 'no base 64' }, 'the request needs "value", bytes in base64'],
      [{ type: 'put', value: '' }, 'the request needs a "kind", {"type":"keyed","key":…}'],
      [{ type: 'put', value: '', kind: null }, 'the request needs a "kind"'],
      [{ type: 'put', value: '', kind: { type: 'mutable' } }, 'the request needs "key_pair"'],
      [{ type: 'unpublish' }, 'the key must be a string'],
      [{ type: 'provide' }, 'the request needs "multihash"'],
      [{ type: 'unprovide', multihash: 7 }, 'the request needs "multihash"']
    ]
    for (const [request, message] of incomplete) {
      await expect(askNode(data, request, new AbortController().signal)).to.eventually.be.rejectedWith(message)
    }
    expect(await restored()).to.include({ values: 0, publications: 0 })
  })

  it('are refused where no node runs, or it is not said who is to put: 6, 2', async () => {
    expect(await runHere(['put', 'a', 'b', '--quiet', '--data', folder])).to.deep.include({ code: 6, stderr: `kadmium: no node runs in ${folder}: start one with "kadmium start --data ${folder}"\n` })
    expect(await runHere(['put', 'a', 'b'])).to.include({ code: 2 })
    expect(await runHere(['put', 'a', 'b', '--data', data, ...through])).to.include({ code: 2 })
    expect(await runHere(['provide', CID])).to.include({ code: 2 })
  })
})
