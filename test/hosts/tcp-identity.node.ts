import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { IdentityError } from '../../src/hosts/tcp/errors.ts'
import { IDENTITY_FILE, loadOrCreateIdentity, peerIdText } from '../../src/hosts/tcp/identity.ts'
import { failureOf } from './tcp-hosts.ts'

describe('the identity file', () => {
  let dir: string

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kadmium-identity-'))
  })

  afterEach(async () => {
    await rm(dir, { recursive: true })
  })

  it('is made with its folders, for its owner only, and read again', async () => {
    const deep = join(dir, 'a', 'b')
    const created = await loadOrCreateIdentity(deep)
    const loaded = await loadOrCreateIdentity(deep)

    expect(loaded.raw).to.equalBytes(created.raw)
    expect((await stat(join(deep, IDENTITY_FILE))).mode & 0o777).to.equal(0o600)
    expect(await readdir(deep)).to.deep.equal([IDENTITY_FILE])
    expect(await readFile(join(deep, IDENTITY_FILE))).to.equalBytes(privateKeyToProtobuf(created))
  })

  it('is the same for all who create it at once', async () => {
    const keys = await Promise.all(Array.from({ length: 32 }, async () => loadOrCreateIdentity(dir)))

    expect(new Set(keys.map(key => peerIdText(key.publicKey.toMultihash().bytes))).size).to.equal(1)
    expect(await readdir(dir)).to.deep.equal([IDENTITY_FILE])
  })

  it('is never overwritten when damaged', async () => {
    const path = join(dir, IDENTITY_FILE)
    const rsaLike = Uint8Array.from([8, 9, 18, 1, 1])
    for (const bytes of [new Uint8Array(0), Uint8Array.from([1, 2, 3]), rsaLike]) {
      await writeFile(path, bytes)
      const err = await failureOf(loadOrCreateIdentity(dir))

      expect(err).to.be.an.instanceOf(IdentityError)
      expect(err.message).to.include(path).and.to.include('move it away')
      expect(await readFile(path)).to.equalBytes(bytes)
    }
  })

  it('is refused when it holds another kind of key', async () => {
    await writeFile(join(dir, IDENTITY_FILE), privateKeyToProtobuf(await generateKeyPair('secp256k1')))

    expect(await failureOf(loadOrCreateIdentity(dir))).to.be.an.instanceOf(IdentityError).with.property('message').that.includes('secp256k1')
  })

  it('says so when it cannot be read or written', async () => {
    await mkdir(join(dir, IDENTITY_FILE))
    expect(await failureOf(loadOrCreateIdentity(dir))).to.be.an.instanceOf(IdentityError).with.property('message').that.includes('EISDIR')

    await writeFile(join(dir, 'file'), '')
    expect(await failureOf(loadOrCreateIdentity(join(dir, 'file')))).to.be.an.instanceOf(IdentityError).with.property('message').that.includes('ENOTDIR')
  })
})
