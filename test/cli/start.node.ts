import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { InterruptedError } from '../../src/cli/errors.ts'
import { openDataDir } from '../../src/data-dir/data-dir.ts'
import { kadmiumJson, runHere } from './in-process.ts'
import { finished, kadmium, killLeftovers, spawnKadmium, StartedNode } from './kadmium.ts'

/** Somebody who runs nowhere. */
const OTHER_PEER = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'

describe('kadmium start', () => {
  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-')) })
  afterEach(async () => {
    killLeftovers()
    await rm(folder, { recursive: true })
  })

  it('prints its id and addresses for people, and ends cleanly at Ctrl-C', async () => {
    const child = spawnKadmium(['start', '--listen', '127.0.0.1:0'])
    const end = finished(child)
    child.stdout.once('data', () => { child.kill('SIGINT') })
    const { code, stdout, stderr } = await end
    expect(code).to.equal(0)
    expect(String(stdout)).to.match(/^id {8}[0-9a-f]{64}\npeer id {3}12D3Koo\w+\nnetwork {3}\/kadmium\/1\.0\.0\nidentity {2}new, .*\naddress {3}\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+\n$/)
    expect(stderr).to.match(/stopped\n$/)
  })

  async function expectCleanStop (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): Promise<void> {
    const node = await StartedNode.start(['--data', folder])
    expect(await node.stop(signal)).to.equal(0)
    expect(node.events.has('stopped')).to.equal(true)
    expect((await readdir(folder)).sort()).to.deep.equal(['db', 'format', 'identity.key'])
  }

  it('stops in good order at SIGINT', async () => { await expectCleanStop('SIGINT') })
  it('stops in good order at SIGTERM', async () => { await expectCleanStop('SIGTERM') })
  it('stops in good order when its terminal is closed', async () => { await expectCleanStop('SIGHUP') })

  it('stops in good order while its folder is opened', async () => {
    for (const wait of [setImmediate, queueMicrotask]) {
      const controller = new AbortController()
      const end = runHere(['start', '--listen', '127.0.0.1:0', '--data', folder, '--json'], { signal: controller.signal })
      wait(() => { controller.abort(new InterruptedError('SIGTERM')) })
      expect(await end).to.deep.equal({ code: 0, stdout: '{"type":"stopped"}\n', stderr: '' })
    }
  })

  it('tells others where it is said to be found', async () => {
    const node = await StartedNode.start(['--announce', 'node.example.org:4001', '--announce', '/ip6/2001:db8::1/tcp/4001'])
    expect(node.events.get('started').addrs).to.deep.equal([`/dns/node.example.org/tcp/4001/p2p/${node.peerId}`, `/ip6/2001:db8::1/tcp/4001/p2p/${node.peerId}`])
    expect(await node.stop()).to.equal(0)
  })

  it('stops in good order while it joins through one that is silent', async () => {
    const silent = createServer(socket => { socket.on('error', () => {}) }) // who gives up resets the connection
    silent.listen(0, '127.0.0.1')
    const asked = once(silent, 'connection')
    await once(silent, 'listening')
    const address = silent.address()
    const node = await StartedNode.start(['--bootstrap', `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`])
    const [socket] = await asked
    expect(await node.stop()).to.equal(0)
    expect([...node.events.keys()]).to.deep.equal(['started', 'stopped'])
    socket.destroy()
    silent.close()
  })

  it('stops though somebody keeps it waiting for a question', async () => {
    const node = await StartedNode.start(['--data', folder])
    const asker = connect(join(folder, 'control.sock'))
    await once(asker, 'connect')
    const begun = performance.now()
    const left = once(asker, 'close')
    expect(await node.stop()).to.equal(0)
    await left
    expect(performance.now() - begun).to.be.below(25_000)
  })

  it('runs alone when nobody answers', async () => {
    const gone = await StartedNode.start([])
    await gone.stop('SIGKILL')
    const node = await StartedNode.start(['--bootstrap', gone.addr], 'alone')
    expect((await kadmium(['ping', node.addr])).code).to.equal(0)
    expect(await node.stop()).to.equal(0)
  })

  it('keeps its identity in the folder, which one node alone may have', async () => {
    const first = await StartedNode.start(['--data', folder])
    expect(await kadmium(['start', '--data', folder])).to.deep.include({ code: 6, stderr: `kadmium: a node runs in ${folder} already: stop it, or use another folder\n` })
    await first.stop()
    const again = await StartedNode.start(['--data', folder])
    expect(again.peerId).to.equal(first.peerId)
    await again.stop()
  })

  it('is dumped through its folder, as the schema says', async () => {
    const node = await StartedNode.start(['--data', folder])
    await kadmium(['store', node.addr, '@endjson', 'x'])
    const { code, document, stderr } = await kadmiumJson(['dump', '--data', folder])
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    const schema = JSON.parse(await readFile(new URL('../../src/dump/state.schema.json', import.meta.url), 'utf8'))
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema)
    expect(validate(document) ? [] : validate.errors).to.deep.equal([])
    expect(document.node).to.include({ peer_id: node.peerId, mode: 'server' })
    expect(document.store.map(({ key, value }: any) => [key, value])).to.deep.equal([['/kv/@endjson', 'x']])

    const out = join(folder, 'made', 'state.json')
    expect(await kadmium(['dump', '--data', folder, '--out', out])).to.include({ code: 0 })
    expect(JSON.parse(await readFile(out, 'utf8')).store).to.deep.equal(document.store)
    expect(await readFile(`${out}.plantuml`, 'utf8')).to.match(/^@startjson\n/)
    expect((await stat(join(folder, 'control.sock'))).mode & 0o777).to.equal(0o600)
    await node.stop()
  })

  it('that is stuck is not waited for longer than told: 3', async () => {
    const node = await StartedNode.start(['--data', folder])
    node.child.kill('SIGSTOP')
    const { code, stdout, stderr } = await runHere(['dump', '--data', folder, '--timeout', '200ms'])
    node.child.kill('SIGCONT')
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' })
    expect(stderr).to.equal(`kadmium: the node in ${folder} did not answer within 200 ms; is a node running there, and not stuck? --timeout gives it longer\n`)
    expect(await node.stop()).to.equal(0)
  })

  it('leaves nothing in the way when it is killed', async () => {
    const node = await StartedNode.start(['--data', folder])
    await node.stop('SIGKILL')
    const dump = await kadmium(['dump', '--data', folder])
    expect(dump).to.include({ code: 6, stderr: `kadmium: no node runs in ${folder}: start one with "kadmium start --data ${folder}"\n` })
    const again = await StartedNode.start(['--data', folder])
    expect(await again.stop()).to.equal(0)
  })

  it('that is refused a folder leaves what is in it', async () => {
    const { close } = await openDataDir({ dir: folder, self: new Uint8Array(34) })
    const socket = join(folder, 'control.sock')
    await writeFile(socket, 'of whoever has the folder')
    expect(await kadmium(['start', '--data', folder])).to.deep.include({ code: 6, stderr: `kadmium: a node runs in ${folder} already: stop it, or use another folder\n` })
    expect(await readFile(socket, 'utf8')).to.equal('of whoever has the folder')
    await close()
  })

  it('ends when something is in the place of its socket: 6', async () => {
    const socket = join(folder, 'control.sock')
    await mkdir(socket) // as Docker makes one of a file that is to be mounted, and is not there
    const child = spawnKadmium(['start', '--data', folder])
    expect(await finished(child)).to.deep.include({ code: 6, stderr: `kadmium: cannot open ${socket} (EISDIR): something else is in its place; move it away\n` })
    expect(await readdir(folder)).to.have.members(['control.sock', 'db', 'format', 'identity.key'])
  })

  it('that ends while it is asked has told nothing: 6', async () => {
    for (const part of ['', '{"result":{"node"']) {
      const server = createServer(asker => { asker.once('data', () => { asker.end(part) }) }).listen(join(folder, 'control.sock'))
      await once(server, 'listening')
      const { code, document } = await kadmiumJson(['dump', '--data', folder])
      expect({ code, ...document.error }).to.deep.include({ code: 6, name: 'LocalError', message: `the node in ${folder} did not answer to the end: it was stopped meanwhile` })
      server.close()
      await once(server, 'close')
    }
  })

  it('logs what goes on inside, if asked', async () => {
    const root = await StartedNode.start([])
    const child = spawnKadmium(['start', '--listen', '127.0.0.1:0', '--bootstrap', root.addr, '--log', 'info', '--json'])
    const end = finished(child)
    child.stdout.on('data', chunk => {
      if (String(chunk).includes('"joined"')) {
        child.kill('SIGINT')
      }
    })
    const { code, stderr } = await end
    expect(code).to.equal(0)
    expect(stderr).to.match(/kadmium.* new contact/)
    await root.stop()
  })

  it('logs what DEBUG says', async () => {
    const child = spawnKadmium(['start', '--listen', '127.0.0.1:0', '--security', 'plain', '--bootstrap', '127.0.0.1:1', '--json'], { env: { DEBUG: 'kadmium*' } })
    const end = finished(child)
    child.stdout.on('data', chunk => {
      if (String(chunk).includes('"alone"')) {
        child.kill('SIGINT')
      }
    })
    const { code, stderr } = await end
    expect(code).to.equal(0)
    expect(stderr).to.match(/kadmium.* could not join/)
  })

  it('talks plainly if both ends do', async () => {
    const node = await StartedNode.start(['--security', 'plain'])
    expect((await kadmium(['ping', node.addr, '--security', 'plain'])).code).to.equal(0)
    const { code, stderr } = await kadmium(['ping', node.addr])
    expect(code).to.equal(3)
    expect(stderr).to.include('with the same --security?')
    await node.stop()
  })

  it('says that --security may differ to who would join', async () => {
    const plain = await StartedNode.start(['--security', 'plain'])
    const encrypted = await StartedNode.start([])
    for (const args of [['-b', plain.addr], ['-b', encrypted.addr, '--security', 'plain']]) {
      const { code, stderr } = await runHere(['get', 'x', ...args])
      expect(code).to.equal(3)
      expect(stderr).to.match(/; is a node running there, with the same --security\?\n$/)
    }
    await Promise.all([plain.stop(), encrypted.stop()])
  })

  it('says what to do where another peer is than was asked for', async () => {
    const node = await StartedNode.start([])
    const addr = node.addr.replace(node.peerId, OTHER_PEER)
    for (const args of [['ping', addr], ['get', 'x', '-b', addr]]) {
      const { code, stderr } = await runHere(args)
      expect(code).to.equal(3)
      expect(stderr).to.match(/ is there instead; check the address, or leave \/p2p\/… out to take whoever is there\n$/)
    }
    await node.stop()
  })

  it('serves a value after the node that introduced everybody was killed', async () => {
    const introducer = await StartedNode.start([])
    const a = await StartedNode.start(['--bootstrap', introducer.addr], 'joined')
    const b = await StartedNode.start(['--bootstrap', introducer.addr], 'joined')
    expect((await kadmiumJson(['put', 'key', 'value', '--bootstrap', a.addr])).document.stored_at).to.have.length(3)
    await introducer.stop('SIGKILL')
    const { code, stdout } = await kadmium(['get', 'key', '--bootstrap', b.addr])
    expect({ code, stdout: String(stdout) }).to.deep.equal({ code: 0, stdout: 'value' })
    await Promise.all([a.stop(), b.stop()])
  })
})
