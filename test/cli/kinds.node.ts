import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { ttlText } from '../../src/cli/ttl.ts'
import { kadmiumJson, runHere } from './in-process.ts'
import { finished, kadmium, killLeftovers, spawnKadmium, StartedNode } from './kadmium.ts'

const MIB = 1024 * 1024
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** The multihash of the bytes, made by other means than ours. */
function multihash (bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(0x12, 32, ...createHash('sha256').update(bytes).digest())
}

describe('the commands for the kinds of values', () => {
  let folder: string
  let root: StartedNode
  let other: StartedNode
  let through: string[]
  let file: string
  let prefix: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-'))
    file = join(folder, 'my.key')
    root = await StartedNode.start(['--data', join(folder, 'data')])
    other = await StartedNode.start(['--bootstrap', root.addr], 'joined')
    through = ['--bootstrap', root.addr]
    prefix = (await kadmiumJson(['keygen', '--out', file])).document.key_prefix
  })

  after(async () => {
    await Promise.all([root.stop(), other.stop()])
    await rm(folder, { recursive: true })
    killLeftovers()
  })

  async function expectUsage (args: string[], pattern: RegExp): Promise<void> {
    const { code, stdout, stderr } = await runHere(args)
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    expect(stderr).to.match(/^kadmium: [^\n]*\n$/).and.match(pattern)
  }

  describe('keygen', () => {
    it('keeps a key pair for this user only, and tells where and what', async () => {
      const path = join(folder, 'new', 'a.key')
      const { code, stdout, stderr } = await kadmium(['keygen', '--out', path])
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      const key = privateKeyFromProtobuf(await readFile(path))
      const publicKey = key.publicKey.toString()
      expect(key.type).to.equal('Ed25519')
      expect(String(stdout)).to.equal(`key file    ${path}\npublic key  ${publicKey}\nkey prefix  /mutable/${publicKey}/\n`)
      expect((await stat(path)).mode & 0o777).to.equal(0o600)
      expect(await readdir(join(folder, 'new'))).to.deep.equal(['a.key'])
    })

    it('is a document, too', async () => {
      const path = join(folder, 'b.key')
      const { code, document } = await kadmiumJson(['keygen', '--out', path])
      const publicKey = privateKeyFromProtobuf(await readFile(path)).publicKey.toString()
      expect({ code, document }).to.deep.equal({ code: 0, document: { file: path, public_key: publicKey, key_prefix: `/mutable/${publicKey}/` } })
    })

    it('overwrites nothing: 6', async () => {
      const path = join(folder, 'precious')
      await writeFile(path, 'precious')
      const { code, stderr } = await kadmium(['keygen', '--out', path])
      expect(code).to.equal(6)
      expect(stderr).to.match(/^kadmium: .*precious is there already, and stays as it is: .*--out\n$/)
      expect(await readFile(path, 'utf8')).to.equal('precious')
      expect((await readdir(folder)).filter(name => name.startsWith('precious'))).to.deep.equal(['precious'])
    })

    it('leaves nothing where there is no room: 6', async () => {
      const path = join(folder, 'without-room', 'x.key')
      const { code, stderr } = await finished(spawnKadmium(['keygen', '--out', path], { shell: 'ulimit -f 0; exec "$@"' }))
      expect(code).to.equal(6)
      expect(stderr).to.match(/^kadmium: cannot write .*x\.key \(EFBIG\): make room on that disk\n$/)
      expect(await readdir(join(folder, 'without-room'))).to.deep.equal([])
    })

    it('says so where it cannot write: 6', async () => {
      const { code, stderr } = await kadmium(['keygen', '--out', join(file, 'x.key')])
      expect(code).to.equal(6)
      expect(stderr).to.match(/^kadmium: cannot write .*x\.key \(E\w+\): use a folder that this user can write to\n$/)
    })
  })

  describe('mutable values', () => {
    it('are written by one process, then by another, and read by a third', async () => {
      const one = await kadmium(['put', '--mutable', 'profile', 'the first', '--key', file, ...through])
      expect(one).to.include({ code: 0 })
      expect(String(one.stdout)).to.match(/^stored 9 bytes as \/mutable\/12D3Koo\w+\/profile, sequence 1, at 2 nodes \(\d hops?, \d+ ms\)\n$/)
      const two = await kadmiumJson(['put', '--mutable', 'profile', 'the second', '--key', file, ...through])
      expect(two.document).to.include({ key: `${prefix}profile`, key_encoding: 'key-text', sequence: 2, size: 10 })
      expect(two.document.stored_at).to.have.length(2)

      const got = await kadmium(['get', `${prefix}profile`, ...through])
      expect(got).to.include({ code: 0 })
      expect(String(got.stdout)).to.equal('the second')
      expect(got.stderr).to.match(/10 bytes from 2 nodes, sequence 2, 1 d left/)
      const document = (await kadmiumJson(['get', `${prefix}profile`, ...through])).document
      expect(document).to.include({ key: `${prefix}profile`, value: 'the second', sequence: 2 })
      expect(document.agreeing).to.have.length(2)
    })

    it('are told apart by their names, whatever these are', async () => {
      for (const [name, shown] of [['', ''], ['a/b c', 'a/b c'], ['a b', 'a b'], ['a%20b', 'a%2520b'], ['%ff%00', '%25ff%2500'], ['100%', '100%']]) {
        const { document } = await kadmiumJson(['put', '--mutable', name, `as ${name}`, '--key', file, ...through])
        expect(document).to.include({ key: `${prefix}${shown}`, sequence: 1 })
        expect((await runHere(['get', document.key, ...through])).stdout).to.equal(`as ${name}`)
        expect((await runHere(['get', '--mutable', name, '--key', file, ...through])).stdout).to.equal(`as ${name}`)
      }
    })

    it('may be those of a node that runs', async () => {
      const key = ['--key', join(folder, 'data', 'identity.key')]
      const { document } = await kadmiumJson(['put', '--mutable', 'news', 'none', ...key, ...through])
      expect(document.key).to.equal(`/mutable/${root.peerId}/news`)
      expect((await runHere(['get', '--mutable', 'news', ...key, ...through])).stdout).to.equal('none')
    })

    it('with --cas are only written upon what was read: 7', async () => {
      const put = ['put', '--mutable', 'counter', '--key', file, ...through]
      const early = await kadmium([...put, 'five', '--cas', '4'])
      expect({ code: early.code, stdout: String(early.stdout) }).to.deep.equal({ code: 7, stdout: '' })
      expect((await kadmiumJson([...put, 'one', '--cas', '0'])).document).to.include({ sequence: 1 })
      expect((await kadmiumJson([...put, 'two', '--cas', '1'])).document).to.include({ sequence: 2 })
      const lost = await kadmium([...put, 'zwei', '--cas', '1'])
      expect({ code: lost.code, stdout: String(lost.stdout) }).to.deep.equal({ code: 7, stdout: '' })
      expect(lost.stderr).to.match(/^kadmium: sequence 1 was to be replaced, but 2 was found: get the value again/m)
      const { code, document } = await kadmiumJson([...put, 'null', '--cas', '0'])
      expect(code).to.equal(7)
      expect(document.error).to.include({ name: 'SequenceMismatchError', exit_code: 7 })
      expect((await kadmiumJson(['get', `${prefix}counter`, ...through])).document).to.include({ value: 'two', sequence: 2 })
    })

    it('have names of at most 64 bytes: 2', async () => {
      await expectUsage(['put', '--mutable', 'é'.repeat(33), 'x', '--key', file], /at most 64 bytes/)
      await expectUsage(['get', '--mutable', 'é'.repeat(33), '--key', file], /at most 64 bytes/)
    })

    it('need a key pair: 6', async () => {
      const missing = join(folder, 'none.key')
      for (const args of [['put', '--mutable', 'x', 'y'], ['get', '--mutable', 'x']]) {
        const { code, stderr } = await runHere([...args, '--key', missing, ...through])
        expect(code).to.equal(6)
        expect(stderr).to.equal(`kadmium: there is no key file ${missing}: make one with "kadmium keygen --out ${missing}", or give yours with --key FILE\n`)
      }
      const damaged = join(folder, 'damaged.key')
      await writeFile(damaged, 'no key')
      expect(await runHere(['put', '--mutable', 'x', 'y', '--key', damaged, ...through])).to.include({ code: 6 })
    })
  })

  describe('immutable values', () => {
    it('come back byte for byte by the hash of their bytes', async () => {
      const value = randomBytes(MIB)
      const key = `/immutable/${base58btc.baseEncode(multihash(value))}`
      const put = await kadmium(['put', '--immutable', '-', ...through], value)
      expect(put).to.include({ code: 0 })
      expect(String(put.stdout)).to.satisfy((text: string) => text.startsWith(`stored 1048576 bytes as ${key} at 2 nodes (`))
      const got = await kadmium(['get', key, ...through])
      expect(got).to.include({ code: 0 })
      expect(Buffer.compare(got.stdout, value)).to.equal(0)
      expect(got.stderr).to.match(/1048576 bytes from 2 nodes, 1 d left/)
    })

    it('are found by their CID, and by one node', async () => {
      const { document } = await kadmiumJson(['put', '--immutable', 'as it is', ...through])
      expect(document).to.include({ key_encoding: 'key-text', sequence: null, size: 8 })
      const cid = CID.createV1(0x55, Digest.decode(multihash(Buffer.from('as it is')))).toString()
      expect((await runHere(['get', `/immutable/${cid}`, ...through])).stdout).to.equal('as it is')
      expect((await runHere(['find-value', other.addr, `/immutable/${cid}`])).stdout).to.equal('as it is')
      expect((await kadmiumJson(['lookup', `/immutable/${cid}`, ...through])).document).to.include({ preimage: document.key, preimage_encoding: 'key-text' })
    })

    it('are what their key says: 5', async () => {
      const key = `/immutable/${base58btc.baseEncode(multihash(Buffer.from('one')))}`
      expect(await runHere(['store', root.addr, key, 'one'])).to.include({ code: 0 })
      const { code, stderr } = await runHere(['store', root.addr, key, 'two'])
      expect(code).to.equal(5)
      expect(stderr).to.match(/does not hash to its key/)
    })
  })

  describe('--ttl', () => {
    async function left (key: string): Promise<number> {
      return (await kadmiumJson(['get', key, ...through])).document.ttl_ms
    }

    it('is how long a value of any kind lives', async () => {
      const put = ['--ttl', '90m', ...through]
      const keys = await Promise.all([['brief', 'x'], ['--immutable', 'brief'], ['--mutable', 'brief', 'x', '--key', file]].map(async args => {
        const { document } = await kadmiumJson(['put', ...args, ...put])
        return document.key
      }))
      expect(keys[0]).to.equal('/kv/brief')
      for (const key of keys) {
        expect(await left(key)).to.be.within(89 * MINUTE_MS, 90 * MINUTE_MS)
      }
      const { stderr } = await kadmium(['get', keys[0], ...through])
      expect(stderr).to.match(/1 byte from 2 nodes, 1 h 30 min left \(/)
    })

    it('is as long as the nodes keep any value, if not given', async () => {
      await kadmiumJson(['put', 'usual', 'x', ...through])
      expect(await left('usual')).to.be.within(24 * HOUR_MS - MINUTE_MS, 24 * HOUR_MS)
    })

    it('goes to one node, too', async () => {
      await kadmiumJson(['store', other.addr, 'there', 'x', '--ttl', '2d'])
      const { document } = await kadmiumJson(['find-value', other.addr, 'there'])
      expect(document.ttl_ms).to.be.within(48 * HOUR_MS - MINUTE_MS, 48 * HOUR_MS)
      expect((await runHere(['find-value', other.addr, 'there'])).stderr).to.match(/answered, keeps it for another 2 d, and knows/)
    })

    for (const text of ['soon', '90', '5ms', '0s', '0.5s', '-1h', '1w', '1e3s', 'm']) {
      it(`is not ${text}: 2`, async () => {
        await expectUsage(['put', 'x', 'y', `--ttl=${text}`], /Give a time with its unit, at least 1s: 90s, 45m, 12h or 2d; see kadmium put --help$/m)
      })
    }

    it('is not longer than nodes keep anything: 2', async () => {
      await expectUsage(['put', 'x', 'y', '--ttl', '8d', ...through], /'8d' is invalid. Give at most 7d, and put the value again before its life is over; see kadmium put --help$/m)
      expect((await runHere(['put', 'longest', 'y', '--ttl', '7d', ...through])).code).to.equal(0)
    })
  })

  it('get stops early with --quorum', async () => {
    await kadmiumJson(['put', 'often', 'x', ...through])
    expect((await kadmiumJson(['get', 'often', ...through])).document.agreeing).to.have.length(2)
    expect((await kadmiumJson(['get', 'often', '--quorum', '1', ...through])).document.agreeing).to.have.length(1)
  })

  it('keys print as they are taken', async () => {
    for (const [given, key, encoding] of [
      ['100%', '/kv/100%', 'utf-8'],
      ['a%41', '/kv/a%2541', 'key-text'],
      ['/kv/a%41', '/kv/aA', 'utf-8'],
      ['two\nlines', '/kv/two%0Alines', 'key-text'],
      ['/other/x', '/kv//other/x', 'utf-8']
    ]) {
      const { document } = await kadmiumJson(['put', given, given, ...through])
      expect(document).to.include({ key, key_encoding: encoding })
      expect((await runHere(['get', key, ...through])).stdout).to.equal(given)
      expect((await kadmiumJson(['lookup', given, ...through])).document).to.include({ preimage: key, target: document.id })
    }
  })

  it('dump shows keys as they are taken', async () => {
    const { document } = await kadmiumJson(['put', '--mutable', 'dumped', 'x', '--key', file, ...through])
    const { store } = (await kadmiumJson(['dump', '--data', join(folder, 'data')])).document
    const [row] = store.filter(({ key }: any) => key === `${prefix}dumped`)
    expect(row).to.include({ id: document.id, key_encoding: 'key-text', value: 'x' })
  })

  const usage: Array<[string, string[], RegExp]> = [
    ['two kinds', ['put', '--immutable', '--mutable', 'a', 'b'], /'--immutable' cannot be used with option '--mutable <name>'/],
    ['an immutable value with a key', ['put', '--immutable', 'a', 'b'], /has the key that its bytes give it/],
    ['an immutable value with a key pair', ['put', '--immutable', 'a', '--key', 'b'], /'--immutable' cannot be used with option '-k, --key/],
    ['an immutable value with a sequence', ['put', '--immutable', 'a', '--cas', '1'], /'--immutable' cannot be used with option '--cas/],
    ['no immutable value', ['put', '--immutable'], /missing required argument 'value'; see kadmium put --help$/m],
    ['a mutable value with a key', ['put', '--mutable', 'a', 'b', 'c'], /has the key that your key pair and its name give it/],
    ['no mutable value', ['put', '--mutable', 'a'], /missing required argument 'value'/],
    ['a sequence of no mutable value', ['put', 'a', 'b', '--cas', '1'], /--cas is for mutable values: give --mutable NAME/],
    ['a key pair of no mutable value', ['put', 'a', 'b', '--key', 'c'], /--key is for mutable values: give --mutable NAME/],
    ['a sequence that is none', ['put', '--mutable', 'a', 'b', '--cas', '-1'], /Give the sequence that is to be replaced/],
    ['neither key nor value', ['put'], /missing required argument 'key'/],
    ['a value too many', ['put', 'a', 'b', 'c'], /too many arguments/],
    ['a mutable value by its key', ['put', '/mutable/12D3Koo/x', 'y'], /put --mutable NAME VALUE --key FILE/],
    ['a mutable value at one node', ['store', '127.0.0.1:1', '/mutable/12D3Koo/x', 'y'], /put --mutable NAME VALUE --key FILE/],
    ['no key', ['get'], /missing required argument 'key'; see kadmium get --help$/m],
    ['a key and a name', ['get', 'a', '--mutable', 'b'], /give one of them/],
    ['a key pair without a name', ['get', 'a', '--key', 'b'], /give --mutable NAME/],
    ['a quorum of none', ['get', 'a', '--quorum', '0'], /at least 1/],
    ['a hash that is none', ['get', '/immutable/Qm'], /"\/immutable\/Qm" is no record key: give one like \/immutable\/Qm…/],
    ['a hash that is none, at one node', ['find-value', '127.0.0.1:1', '/immutable/Qm'], /give one like \/immutable\/Qm…/],
    ['a writer who is none', ['lookup', '/mutable/me/x'], /give one like \/mutable\/12D3Koo…/],
    ['a peer that is none', ['put', '/pk/me', '@key'], /give one like \/pk\/12D3Koo…/]
  ]
  for (const [title, args, pattern] of usage) {
    it(`${title}: 2`, async () => {
      await expectUsage(args, pattern)
    })
  }

  it('tells lives in their two largest units', () => {
    const texts = [0, 400, 1000, 59_999, 61_000, 3_599_600, 5_399_800, 86_399_999, 90_000_000, 400 * 24 * HOUR_MS].map(ttlText)
    expect(texts).to.deep.equal(['less than 1 s', 'less than 1 s', '1 s', '1 min', '1 min 1 s', '1 h', '1 h 30 min', '1 d', '1 d 1 h', '400 d'])
  })
})
