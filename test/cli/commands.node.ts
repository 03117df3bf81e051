import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { kadmiumJson, runHere } from './in-process.ts'
import { finished, kadmium, killLeftovers, spawnKadmium, StartedNode } from './kadmium.ts'

const MIB = 1024 * 1024

function sha256 (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('the commands', () => {
  let folder: string
  let root: StartedNode
  let other: StartedNode
  let through: string[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-'))
    root = await StartedNode.start([])
    other = await StartedNode.start(['--bootstrap', root.addr], 'joined')
    through = ['--bootstrap', root.addr]
  })

  after(async () => {
    await Promise.all([root.stop(), other.stop()])
    await rm(folder, { recursive: true })
    killLeftovers()
  })

  it('start tells who and where it is, then that it has joined', () => {
    const started = other.events.get('started')
    expect(started).to.include({ network: '/kadmium/1.0.0', security: 'tls', data_dir: null, ip: '127.0.0.1' })
    expect(started.id).to.match(/^[0-9a-f]{64}$/)
    expect(started.addrs[0]).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+$/)
    expect(other.events.get('joined')).to.include({ contacts: 1 })
  })

  it('put and get a text, for people', async () => {
    const put = await kadmium(['put', 'greeting', 'hello', ...through])
    expect(put).to.include({ code: 0 })
    expect(String(put.stdout)).to.match(/^stored 5 bytes as \/kv\/greeting at 2 nodes \(\d hops?, \d+ ms\)\n$/)
    expect(put.stderr).to.match(/joined as a client: 2 contacts in \d+ ms/)

    const got = await kadmium(['get', 'greeting', ...through])
    expect(got).to.include({ code: 0 })
    expect(String(got.stdout)).to.equal('hello')
    expect(got.stderr).to.match(/5 bytes from 2 nodes/)
  })

  it('tell no more than they are asked to', async () => {
    const told = async (...flags: string[]): Promise<string> => (await runHere(['lookup', 'greeting', ...through, ...flags])).stderr
    expect(await told('--quiet')).to.equal('')
    expect(await told()).to.match(/ answered: 127\.0\.0\.1:/).and.not.match(/find-node → /)
    expect(await told('--verbose')).to.match(/find-node → 127\.0\.0\.1:\d+ \(…\w+\), hop 1\n/)
  })

  it('put and get, for scripts', async () => {
    const put = await kadmiumJson(['put', 'über', '@@home', ...through])
    expect(put).to.include({ code: 0, stderr: '' })
    expect(put.document).to.include({ key: '/kv/über', key_encoding: 'utf-8', size: 5 })
    expect(put.document.stored_at.map((peer: any) => peer.peer_id)).to.have.members([root.peerId, other.peerId])
    expect(put.document.failed).to.deep.equal([])

    const got = await kadmiumJson(['get', 'über', ...through])
    expect(got).to.include({ code: 0, stderr: '' })
    expect(got.document).to.include({ value: '@home', value_encoding: 'utf-8', size: 5, sha256: sha256(Buffer.from('@home')) })
    expect(got.document.agreeing).to.have.length(2)
  })

  it('get gives the very bytes that put took from stdin', async () => {
    const value = Buffer.concat([Uint8Array.of(0, 0xff, 0x0a, 0x0d, 0x00), randomBytes(MIB - 5)])
    expect(await kadmium(['put', 'bytes', '-', ...through], value)).to.include({ code: 0 })
    const { code, stdout } = await kadmium(['get', 'bytes', '--quiet', ...through])
    expect(code).to.equal(0)
    expect(stdout.byteLength).to.equal(MIB)
    expect(sha256(stdout)).to.equal(sha256(value))
  })

  it('put reads a file, and get writes one', async () => {
    const value = randomBytes(3000)
    const file = join(folder, 'in')
    const out = join(folder, 'made', 'out')
    await writeFile(file, value)
    expect(await kadmium(['put', 'file', `@${file}`, ...through])).to.include({ code: 0 })
    const got = await kadmiumJson(['get', 'file', '--out', out, ...through])
    expect(got.document).to.include({ file: out, size: 3000, sha256: sha256(value) }).and.not.have.property('value')
    expect(sha256(await readFile(out))).to.equal(sha256(value))
    expect(await readdir(join(folder, 'made'))).to.deep.equal(['out'])
  })

  it('ping takes host:port and multiaddrs', async () => {
    const [, , host, , port] = root.addr.split('/')
    const human = await kadmium(['ping', `${host}:${port}`, '--timeout', '1h'])
    expect(String(human.stdout)).to.match(/^127\.0\.0\.1:\d+ \(….{8}\) is alive: \d+ ms\n$/)
    const { code, document } = await kadmiumJson(['ping', root.addr])
    expect(code).to.equal(0)
    expect(document.peer.peer_id).to.equal(root.peerId)
    expect(document.ms).to.be.a('number')
  })

  it('store and find-value talk to one node', async () => {
    const stored = await kadmiumJson(['store', other.addr, 'alone', 'here'])
    expect(stored).to.include({ code: 0 })
    expect(stored.document).to.include({ key: '/kv/alone', size: 4 })
    expect(stored.document.peer.peer_id).to.equal(other.peerId)

    expect(await runHere(['find-value', other.addr, 'alone'])).to.include({ code: 0, stdout: 'here' })
    const found = await kadmiumJson(['find-value', other.addr, 'alone'])
    expect(found).to.include({ code: 0, stderr: '' })
    expect(found.document).to.include({ value: 'here', size: 4 })

    const missing = await kadmiumJson(['find-value', root.addr, 'alone'])
    expect(missing).to.include({ code: 4 })
    expect(missing.document).to.include({ value: null })
    expect(missing.document.closer.map((peer: any) => peer.peer_id)).to.deep.equal([other.peerId])
  })

  it('get writes to the file that stdout is, and replaces none', async () => {
    await kadmiumJson(['put', 'out', 'value', ...through])
    const path = join(folder, 'stdout')
    await writeFile(path, 'before\n')
    const { code } = await finished(spawnKadmium(['get', 'out', '--out', '/dev/stdout', ...through], { shell: `exec "$@" >> ${path}` }))
    expect(code).to.equal(0)
    expect(await readFile(path, 'utf8')).to.equal('before\nvaluewrote 5 bytes to /dev/stdout\n')
  })

  it('get corrects whoever has an older value, before it ends', async () => {
    await kadmiumJson(['store', root.addr, 'changed', 'old'])
    await kadmiumJson(['store', other.addr, 'changed', 'new'])
    const got = await kadmium(['get', 'changed', ...through])
    expect({ code: got.code, stdout: String(got.stdout) }).to.deep.equal({ code: 0, stdout: 'new' })
    expect(got.stderr).to.match(/3 bytes from 1 node, 1 had an older one/)
    expect((await kadmiumJson(['find-value', root.addr, 'changed'])).document).to.include({ value: 'new' })
  })

  it('find-node names whom one node knows', async () => {
    const { code, document } = await kadmiumJson(['find-node', root.addr, other.peerId])
    expect(code).to.equal(0)
    expect(document.target).to.equal(other.events.get('started').id)
    expect(document.closer[0].peer_id).to.equal(other.peerId)
    expect(String((await kadmium(['find-node', root.addr, other.peerId])).stdout)).to.include(other.peerId)
  })

  it('lookup lists the closest nodes, and dumps what it found', async () => {
    const file = join(folder, 'lookup.json')
    const { code, document } = await kadmiumJson(['lookup', 'greeting', '--dump', file, ...through])
    expect(code).to.equal(0)
    expect(document.preimage).to.equal('/kv/greeting')
    expect(document.found.map(({ node }: any) => node.peer_id)).to.have.members([root.peerId, other.peerId])
    expect(JSON.parse(await readFile(file, 'utf8'))).to.deep.equal(document)
    expect(await readFile(`${file}.plantuml`, 'utf8')).to.match(/^@startjson\n[^]*\n@endjson\n$/)
    expect(String((await kadmium(['lookup', 'greeting', ...through])).stdout)).to.match(/^distance +peer id +address\n[0-9a-f]{12}… +12D3Koo\w+ +127\.0\.0\.1:\d+\n/)
  })

  it('dump shows what a client sees, who is in nobody\'s table', async () => {
    const { code, document } = await kadmiumJson(['dump', ...through])
    expect(code).to.equal(0)
    expect(document.node).to.include({ mode: 'client', ip: null })
    expect(document.routes.size).to.equal(2)
    // after all the clients above, the two nodes still know each other alone
    const closer = await Promise.all([root, other].map(async ({ addr }) => (await kadmiumJson(['find-node', addr, 'x'])).document.closer))
    expect(closer.map(peers => peers.length)).to.deep.equal([1, 1])
  })

  it('dump prints PlantUML', async () => {
    const { stdout } = await kadmium(['dump', '--plantuml', ...through])
    const lines = String(stdout).split('\n')
    expect([lines[0], lines.at(-2)]).to.deep.equal(['@startjson', '@endjson'])
    expect(JSON.parse(lines.slice(1, -2).join('\n'))).to.have.nested.property('routes.size', 2)
  })

  it('uses colours on a terminal alone, and not where NO_COLOR is set', async () => {
    const on = async (env: Record<string, string>, isTTY: boolean): Promise<string> => (await runHere(['ping', 'nowhere'], { env, isTTY })).stderr
    expect(await on({}, true)).satisfy((text: string) => text.startsWith('\u001b[31mkadmium:\u001b[39m '))
    expect(await on({ NO_COLOR: '1' }, true)).to.match(/^kadmium: /)
    expect(await on({}, false)).to.match(/^kadmium: /)
  })

  it('get ends the line on a terminal', async () => {
    await kadmium(['put', 'line', 'no end', ...through])
    const { stdout } = await runHere(['get', 'line', ...through], { isTTY: true })
    expect(stdout).to.equal('no end\n')
  })

  it('get and find-value print on a terminal what is there to be read, and nothing that the terminal would obey', async () => {
    const value = 'größe\t1\r\n\u001b]52;c;cm0gLXJm\u0007\u009b2J\rnew\u202etxt'
    await kadmium(['put', 'obeyed', value, ...through])
    const shown = 'größe\t1\r\n\ufffd]52;c;cm0gLXJm\ufffd\ufffd2J\ufffdnew\ufffdtxt\n'
    for (const args of [['get', 'obeyed', ...through], ['find-value', root.addr, 'obeyed']]) {
      expect((await runHere(args, { isTTY: true })).stdout).to.equal(shown)
      expect((await runHere(args)).stdout, 'into a pipe').to.equal(value)
    }
  })

  it('has help and a version, with an example for each command', async () => {
    expect(String((await kadmium(['--version'])).stdout)).to.match(/^\d+\.\d+\.\d+\n$/)
    const help = await kadmium(['--help'])
    expect(help).to.include({ code: 0, stderr: '' })
    expect(String(help.stdout)).to.include('Exit codes:')
    const commands = ['start', 'put', 'get', 'keygen', 'ping', 'store', 'find-node', 'find-value', 'lookup', 'dump', 'demo']
    for (const command of commands) {
      expect(String(help.stdout)).to.match(new RegExp(`^  ${command} `, 'm'))
    }
    const details = await Promise.all(commands.map(async command => runHere([command, '--help'])))
    expect(details.map(({ code }) => code)).to.deep.equal(commands.map(() => 0))
    details.forEach(({ stdout }, i) => { expect(stdout).to.include(`$ kadmium ${commands[i]}`).and.include('--json') })
  })
})
