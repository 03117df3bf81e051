import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect } from 'aegir/chai'
import { problemText } from '../../src/cli/advice.ts'
import { withJoinedClient } from '../../src/cli/client.ts'
import { RefusedError } from '../../src/cli/errors.ts'
import { Output } from '../../src/cli/output.ts'
import { NoPeersError, ValueNotFoundError } from '../../src/dht/errors.ts'
import { parseAddress } from '../../src/hosts/tcp/address.ts'
import { DEFAULT_NETWORK } from '../../src/node.ts'
import { DialError, StreamResetError } from '../../src/rpc/errors.ts'
import { kadmiumJson, runHere } from './in-process.ts'
import { finished, kadmium, killLeftovers, spawnKadmium, StartedNode } from './kadmium.ts'
import type { ClientOptions, JoinOptions } from '../../src/cli/options.ts'
import type { Server } from 'node:net'

/** One past the 4 MiB that a value may have. */
const TOO_LARGE = 4 * 1024 * 1024 + 1

/** Of a stdin from which nothing is to be read. */
const STDIN_UNREADABLE = /^kadmium: stdin is closed, or a folder or device: .*\n$/

/** Accepts, and never says a word. */
async function silentServer (onConnect: () => void): Promise<{ server: Server, addr: string }> {
  const server = createServer(socket => {
    socket.on('error', () => {}) // who gives up resets the connection
    onConnect()
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return { server, addr: typeof address === 'object' && address != null ? `127.0.0.1:${address.port}` : '' }
}

async function close (server: Server): Promise<void> {
  await new Promise<void>(resolve => { server.close(() => { resolve() }) })
}

describe('the errors of the command', () => {
  let folder: string
  let node: StartedNode
  /** Where nobody listens. */
  let nobody: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-'))
    node = await StartedNode.start([])
    const { server, addr } = await silentServer(() => {})
    nobody = addr
    await close(server)
  })

  after(async () => {
    await node.stop()
    await rm(folder, { recursive: true })
    killLeftovers()
  })

  /** One line on stderr that says what and what to do; nothing on stdout. */
  async function expectProblem (args: string[], code: number, pattern: RegExp, input?: Uint8Array): Promise<void> {
    const end = await kadmium(args, input)
    expect({ code: end.code, stdout: String(end.stdout) }).to.deep.equal({ code, stdout: '' })
    const problem = end.stderr.split('\n').filter(line => !/^ *\d+ ms {2}/.test(line))
    expect(problem).to.have.length(2)
    expect(problem[0]).to.match(/^kadmium: /).and.match(pattern)
    expect(problem[1]).to.equal('')
    expect(end.stderr).to.not.match(/^ {4}at /m)
  }

  const usage: Array<[string, string[], RegExp]> = [
    ['a wrong flag', ['get', 'x', '--wat'], /unknown option '--wat'.*see kadmium get --help$/],
    ['a command that is none', ['frob'], /unknown command 'frob'; see kadmium --help$/],
    ['an argument too few', ['put', 'x'], /missing required argument 'value'; see kadmium put --help$/],
    ['an argument too many', ['get', 'x', 'y'], /too many arguments/],
    ['an address that is none', ['ping', 'nowhere'], /"nowhere" is no address: .* for example 192\.0\.2\.1:4001/],
    ['a peer id that is cut', ['ping', '127.0.0.1:1/p2p/12D3KooW'], /"12D3KooW" is no peer id, give all of it/],
    ['a bootstrap address that is none', ['get', 'x', '-b', '127.0.0.1:99999'], /is no address/],
    ['a port that nobody can be at', ['ping', '127.0.0.1:0'], /nobody can be reached at "127\.0\.0\.1:0": port 0/],
    ['the same of a bootstrap address', ['get', 'x', '-b', '127.0.0.1:0'], /port 0 stands for any free one/],
    ['a port to announce that nobody has', ['start', '--announce', '192.0.2.1:0'], /port 0/],
    ['an address of another node to listen on', ['start', '--listen', '127.0.0.1:0/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'], /names another peer/],
    ['a key that is empty, before anybody is asked', ['get', '', '-b', '127.0.0.1:1'], /the key is empty: give at least one character/],
    ['a time that is none', ['ping', '127.0.0.1:1', '--timeout', 'soon'], /Give a time like 500ms/],
    ['a network that is none', ['ping', '127.0.0.1:1', '--network', 'mine'], /must be a protocol id/],
    ['a security that is none', ['ping', '127.0.0.1:1', '--security', 'none'], /Allowed choices are tls, plain/],
    ['nobody to join through', ['get', 'x'], /give at least one with --bootstrap/],
    ['nobody to put', ['put', 'x', 'y'], /give --bootstrap host:port .* or --data DIR/],
    ['a node and a network to dump', ['dump', '--data', '.', '-b', '127.0.0.1:1'], /--data asks the node .* give one of them$/],
    ['nobody to dump', ['dump'], /give --data DIR .* or --bootstrap ADDR/],
    ['the hash of a target', ['find-node', '127.0.0.1:1', 'ab'.repeat(32)], /give a peer id/],
    ['plain beyond this machine', ['start', '--listen', '0.0.0.0:0', '--security', 'plain'], /not loopback.*--allow-remote-plain$/],
    ['a file without a name', ['get', 'x', '-b', '127.0.0.1:1', '--out', ''], /--out <file>' argument '' is invalid. Give the path of a file.*; see kadmium get --help$/],
    ['a file without a name, for a key pair', ['keygen', '--out', ''], /Give the path of a file/],
    ['a file without a name, of a key pair', ['put', '--mutable', 'x', 'y', '--key', ''], /Give the path of a file/],
    ['a file without a name, for a dump', ['dump', '--out', ''], /Give the path of a file/],
    ['a file without a name, for a lookup', ['lookup', 'x', '--dump', ''], /Give the path of a file/],
    ['an option in the place of a file', ['get', 'x', '--out', '--quiet'], /Give the path of a file; \.\/ goes before a name that begins with -\.?;/],
    ['an option in the place of a folder', ['start', '--data', '--quiet'], /Give the path of a folder/],
    ['a folder without a name', ['start', '--data', ''], /--data <dir>' argument '' is invalid. Give the path of a folder.*; see kadmium start --help$/],
    ['a folder without a name, to ask', ['dump', '--data', ''], /Give the path of a folder/],
    ['a folder without a name, for dumps', ['demo', '--out', ''], /Give the path of a folder/],
    ['a number of nodes that is none', ['demo', '--nodes', '1'], /Give a number from 2 to 100/]
  ]
  for (const [title, args, pattern] of usage) {
    it(`${title}: 2`, async () => {
      const { code, stdout, stderr } = await runHere(args)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.match(/^kadmium: [^\n]*\n$/)
      expect(stderr.trimEnd()).to.match(pattern)
    })
  }

  it('nothing at all: the help, and 2', async () => {
    const { code, stderr } = await runHere([])
    expect(code).to.equal(2)
    expect(stderr).to.match(/^Usage: kadmium/)
  })

  it('nobody answers: 3', async () => {
    await expectProblem(['ping', nobody], 3, /ECONNREFUSED.*is a node running there/)
    await expectProblem(['get', 'x', '-b', nobody], 3, /nobody answered at the bootstrap address.*ECONNREFUSED.*kadmium start/)
    await expectProblem(['put', 'x', 'y', '-b', nobody, '-b', nobody], 3, /nobody answered at any of the 2 bootstrap addresses/)
  })

  it('a name that is none, and a network that is not there: what to do about that', () => {
    const failure = (code: string): Error => new DialError(`could not reach a peer: /dns/node.example/tcp/4001: ${code}`, { cause: Object.assign(new Error(code), { code }) })
    const problem = (code: string): string => problemText(failure(code))
    expect(problem('ENOTFOUND')).to.match(/ENOTFOUND; no machine has that name: check it/)
    expect(problem('ENETUNREACH')).to.match(/ENETUNREACH; there is no way to that network/)
    expect(problem('ECONNREFUSED')).to.match(/ECONNREFUSED; is a node running there/)
    expect(problemText(new NoPeersError('nobody answered', { cause: failure('ENOTFOUND') }))).to.equal('nobody answered; no machine has that name: check it, or give an IP address')
  })

  it('somebody accepts and never answers: 3, in the time given', async () => {
    const { server, addr } = await silentServer(() => {})
    await expectProblem(['ping', addr, '--timeout', '200ms'], 3, /within 200 ms.*--timeout/)
    await expectProblem(['get', 'x', '-b', addr, '--timeout', '200ms'], 3, /200 ms; is a node running there, and not stuck\? --timeout gives it longer$/)
    await close(server)
  })

  it('joining takes all of the time given: 3', async () => {
    const { server, addr } = await silentServer(() => {})
    const { code, stderr } = await runHere(['get', 'x', '-b', node.addr, '-b', addr, '--timeout', '500ms'])
    await close(server)
    expect(code).to.equal(3)
    expect(stderr).to.match(/500 ms.*--timeout gives it longer$/m)
  })

  it('joining leaves the rest of the time given to what follows', async () => {
    const network: ClientOptions & JoinOptions = { network: DEFAULT_NETWORK, security: 'tls', timeout: 30_000, bootstrap: [parseAddress(node.addr)] }
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
    const { signal } = new AbortController()
    const io = { ...streams, env: {}, signal }
    const left = await withJoinedClient(network, { io, out: new Output(io, {}), signal }, async (_node, { timeout = 0 }) => timeout)
    const [, ms] = /joined as a client: 1 contact in (\d+) ms/.exec(String(streams.stderr.read())) ?? []
    expect(left).to.be.within(1, 30_000 - Number(ms))
  })

  it('one of several bootstrap nodes does not answer: told, and no error', async () => {
    const end = await kadmium(['put', 'x', 'y', '-b', nobody, '-b', node.addr])
    expect(end).to.include({ code: 0 })
    expect(end.stderr).to.match(/did not answer: .*ECONNREFUSED/)
  })

  it('a key not found: 4', async () => {
    await expectProblem(['get', 'nothing', '-b', node.addr], 4, /not found: 1 of 1 nodes asked answered.*check the key/)
    await expectProblem(['find-value', node.addr, 'nothing'], 4, /has no value at \/kv\/nothing/)
  })

  it('another network: 5', async () => {
    await expectProblem(['ping', node.addr, '--network', '/other/1.0.0'], 5, /it is on network \/kadmium\/1\.0\.0, we are on \/other\/1\.0\.0: start both with the same --network$/)
    await expectProblem(['get', 'x', '-b', node.addr, '--network', '/other/1.0.0'], 5, /the same --network$/)
  })

  it('a value too large: 5, before anybody is asked', async () => {
    const file = join(folder, 'large')
    await writeFile(file, '')
    await truncate(file, TOO_LARGE)
    await expectProblem(['put', 'x', `@${file}`, '-b', nobody], 5, /has 4194305 bytes, and a value at most 4194304/)
    await expectProblem(['put', 'x', '-', '-b', nobody], 5, /stdin has more/, new Uint8Array(TOO_LARGE))
  })

  it('keys and values that are not UTF-8, which would all be the same: 2', async () => {
    const latin = String.raw`"$(printf 'caf\351')"`
    const through = `-b ${node.addr}`
    await runHere(['keygen', '--out', join(folder, 'latin.key')])
    for (const [args, what] of [[`keygen --out ${latin}`, 'path'], [`put x @${latin} ${through}`, 'path'], [`put ${latin} x ${through}`, 'key'], [`put x ${latin} ${through}`, 'value'], [`get ${latin} ${through}`, 'key'], [`get --mutable ${latin} --key ${join(folder, 'latin.key')} ${through}`, 'name']]) {
      const { code, stderr } = await finished(spawnKadmium([], { shell: `exec "$@" ${args}` }))
      expect(code).to.equal(2)
      expect(stderr).to.match(new RegExp(`^kadmium: the ${what} is not UTF-8, and would be taken for something else: give `))
    }
  })

  it('a value that is there, and not valid: nothing is said of the key', () => {
    expect(problemText(new ValueNotFoundError('not found'))).to.match(/^not found; check the key/)
    expect(problemText(new ValueNotFoundError('not found', { cause: new Error('written ahead') }))).to.equal('not found')
  })

  it('a value that is dated ahead, since the clock is: 5', () => {
    const cause = new StreamResetError('the peer ended the stream')
    expect(problemText(new RefusedError('nobody keeps the value', { cause }))).to.match(/: is the clock of this machine right\?$/)
    expect(problemText(new RefusedError('nobody keeps the value', { cause: new DialError('could not reach it') }))).to.equal('nobody keeps the value')
  })

  it('a stdin that cannot be read, and is no empty value: 6', async () => {
    const put = (stdin: string): string => `exec "$@" put x - -b ${node.addr} ${stdin}`
    const kinds = [
      [`< ${folder}`, STDIN_UNREADABLE],
      ['<&-', STDIN_UNREADABLE],
      ['< /dev/null', STDIN_UNREADABLE],
      [`0> ${join(folder, 'written')}`, /^kadmium: cannot read stdin \(EBADF\).*\n$/]
    ] as const
    for (const [stdin, pattern] of kinds) {
      const { code, stderr } = await finished(spawnKadmium([], { shell: put(stdin) }))
      expect({ code, stderr: pattern.exec(stderr)?.[0] }).to.deep.equal({ code: 6, stderr })
    }
  })

  it('a file that cannot be read or written: 6', async () => {
    await expectProblem(['put', 'x', `@${join(folder, 'none')}`, '-b', nobody], 6, /cannot read .*ENOENT/)
    await expectProblem(['put', 'x', `@${folder}`, '-b', nobody], 6, /cannot read .*EISDIR/)
    await kadmium(['store', node.addr, 'kept', 'y'])
    await expectProblem(['get', 'kept', '--out', folder, '-b', node.addr], 6, /cannot write .*EISDIR/)
    expect(await readdir(folder)).to.not.include('kept')
  })

  it('no room where stdout goes: 6', async () => {
    const out = join(folder, 'unsaid.key')
    for (const args of [['--help'], ['get', '--help'], ['--version'], ['keygen', '--out', out]]) {
      const { code, stderr } = await finished(spawnKadmium(args, { shell: 'exec "$@" > /dev/full' }))
      expect({ code, stderr }).to.deep.equal({ code: 6, stderr: 'kadmium: cannot write to stdout (ENOSPC): is there room where it goes?\n' })
    }
  })

  it('no room for the messages ends nothing', async () => {
    const { code, stdout } = await finished(spawnKadmium(['put', 'unsaid', 'done', '-v', '-b', node.addr], { shell: 'exec "$@" 2> /dev/full' }))
    expect(code).to.equal(0)
    expect(String(stdout)).to.match(/^stored 4 bytes as \/kv\/unsaid at 1 node/)
    expect((await kadmium(['get', 'unsaid', '-b', node.addr])).code).to.equal(0)
  })

  it('no folder for temporary files: 6', async () => {
    const { code, stderr } = await finished(spawnKadmium(['demo', '--nodes', '2', '--quiet'], { env: { TMPDIR: join(folder, 'none') } }))
    expect(code).to.equal(6)
    expect(stderr).to.match(/^kadmium: cannot make a folder for the dumps in .*none \(ENOENT\): set TMPDIR to .*, or give --out DIR\n$/)
  })

  it('a current folder that is gone: 6', async () => {
    const gone = await mkdtemp(join(folder, 'gone-'))
    const { code, stderr } = await finished(spawnKadmium(['dump', '--data', 'x'], { shell: `cd ${gone} && rmdir ${gone} && exec "$@"` }))
    expect(code).to.equal(6)
    expect(stderr).to.match(/^kadmium: ENOENT: .*; is the folder still there that this was started in\?\n$/)
  })

  it('a port in use: 6', async () => {
    const [, , , , port] = node.addr.split('/')
    await expectProblem(['start', '--listen', `127.0.0.1:${port}`], 6, /cannot listen on .*EADDRINUSE.*port 0/)
  })

  it('no file left to listen with: 6', async () => {
    const { code, stderr } = await finished(spawnKadmium(['demo', '--quiet', '--out', folder], { openFiles: 28 }))
    expect(code).to.equal(6)
    expect(stderr).to.equal('kadmium: cannot listen on 127.0.0.1:0 (EMFILE): raise the limit of open files, "ulimit -n"\n')
  })

  it('with --json the error is a document too', async () => {
    const { code, document, stderr } = await kadmiumJson(['ping', nobody])
    expect(code).to.equal(3)
    expect(document.error).to.include({ name: 'DialError', exit_code: 3 })
    expect(stderr).to.equal(`kadmium: ${document.error.message}\n`)
    expect((await kadmiumJson(['ping', '--wat'])).document.error).to.include({ name: 'UsageError', exit_code: 2 })
  })

  it('with --verbose the stack is shown, and that of the cause', async () => {
    const { stderr } = await kadmium(['ping', nobody, '--verbose'])
    expect(stderr).to.match(/^DialError: [^]*\n {4}at [^]*\ncaused by /m)
  })

  const endings = [
    { what: 'Ctrl-C', signal: 'SIGINT', code: 130 },
    { what: 'a terminal that is closed', signal: 'SIGHUP', code: 129 }
  ] as const

  endings.forEach(({ what, signal, code }) => {
    it(`${what} ends a command that waits for an answer: ${code}`, async () => {
      let onConnect = (): void => {}
      const connected = new Promise<void>(resolve => { onConnect = resolve })
      const { server, addr } = await silentServer(() => { onConnect() })
      const child = spawnKadmium(['ping', addr])
      const end = finished(child)
      await connected
      child.kill(signal)
      expect(await end).to.deep.equal({ code, stdout: Buffer.alloc(0), stderr: 'kadmium: interrupted\n' })
      await close(server)
    })
  })

  it('two signals end a command that cannot end by itself', async () => {
    await kadmium(['store', node.addr, 'stuck', 'x'])
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const child = spawnKadmium(['get', 'stuck', '--out', pipe, '-b', node.addr])
    const end = once(child, 'exit')
    let told = ''
    let again: NodeJS.Timeout | undefined
    child.stderr.on('data', chunk => {
      told += String(chunk)
      if (again == null && told.includes('1 byte from')) { // now it waits for who reads the pipe
        child.kill('SIGINT')
        again = setInterval(() => { child.kill('SIGTERM') }, 100) // within half a second it is the same wish
      }
    })
    const [code, signal] = await end
    clearInterval(again)
    expect(code, 'the system ends it, whatever it waits for').to.equal(null)
    expect(signal).to.equal('SIGTERM')
  })

  it('a closed stdout ends it quietly: 0', async () => {
    const child = spawnKadmium(['demo', '--nodes', '3'])
    child.stdout.once('data', () => { child.stdout.destroy() })
    let stderr = ''
    child.stderr.on('data', chunk => { stderr += String(chunk) })
    const code = await new Promise(resolve => { child.once('close', resolve) })
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  })
})
