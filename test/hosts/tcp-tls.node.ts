import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { systemClock } from '../../src/clock/clock.ts'
import { parseAddress } from '../../src/hosts/tcp/address.ts'
import { Certificates, createCertificate } from '../../src/hosts/tcp/certificate.ts'
import { InvalidCertificateError } from '../../src/hosts/tcp/errors.ts'
import { Hello, Mode } from '../../src/hosts/tcp/hello.ts'
import { peerIdText } from '../../src/hosts/tcp/identity.ts'
import { DialError, StreamResetError } from '../../src/rpc/errors.ts'
import { bytes, varint } from '../helpers/protobuf.ts'
import { certificate, extension, signedKey } from './tcp-certificates.ts'
import { closed, collect, failureOf, helloOf, PROTOCOL, Stage } from './tcp-hosts.ts'
import { Records, RECORDS_CIPHER, writeMany } from './tcp-records.ts'
import type { Faults, Pem } from './tcp-certificates.ts'
import type { TcpHost } from '../../src/hosts/tcp/host.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocketOptions } from 'node:tls'

/** Past the clock of the tests, which starts in November 2023. */
const LATER = new Date('2024-01-01')
const BEFORE = new Date('2023-01-01')

interface Row {
  title: string
  fault: RegExp
  faults?(): Promise<Faults>
  /** Turns a good certificate into what is sent. */
  send?(good: Pem): Promise<TLSSocketOptions>
}

const ROWS: Row[] = [
  { title: 'row 52: an expired certificate', fault: /expired/, faults: async () => ({ notAfter: BEFORE }) },
  { title: 'row 52: a certificate not valid yet', fault: /not valid yet/, faults: async () => ({ notBefore: LATER }) },
  {
    title: 'row 53: two certificates in the chain',
    fault: /more than one certificate/,
    send: async good => ({ ...good, cert: good.cert + (await certificate(await generateKeyPair('Ed25519'))).cert })
  },
  { title: 'row 53: the same certificate twice', fault: /more than one certificate/, send: async good => ({ ...good, cert: good.cert + good.cert }) },
  { title: 'row 54: a signature in the extension by another identity', fault: /signature in the libp2p extension/, faults: async () => ({ vouchedBy: await generateKeyPair('Ed25519') }) },
  { title: 'row 54: a signature over something else', fault: /signature in the libp2p extension/, faults: async () => ({ prefix: 'libp2p-noise-handshake:' }) },
  { title: 'row 54: an extension of garbage', fault: /damaged/, faults: async () => ({ content: Uint8Array.from([0x30, 0x82, 0xff, 0xff, 0]) }) },
  { title: 'row 54: an empty extension', fault: /damaged/, faults: async () => ({ content: new Uint8Array(0) }) },
  { title: 'row 54: no extension', fault: /0 libp2p extensions/, faults: async () => ({ copies: 0 }) },
  { title: 'row 54: an RSA identity of which one verification takes long', fault: /has an exponent of more than/, faults: async () => ({ content: signedKey(rsaKey(0x80000001n), new Uint8Array(128)) }) },
  { title: 'row 54: two extensions', fault: /2 libp2p extensions/, faults: async () => ({ copies: 2 }) },
  { title: 'row 54: an unknown critical extension', fault: /critical extension 1\.2\.3\.4/, faults: async () => ({ others: [extension('1.2.3.4', true, Uint8Array.from([5, 0]))] }) },
  { title: 'row 54: a certificate signed by another key', fault: /not signed by itself/, faults: async () => ({ signedBy: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }) },
  { title: 'row 54: a certificate of more than 8 KiB', fault: /more than 8192 bytes/, faults: async () => ({ others: [extension('1.2.3.4', false, new Uint8Array(8_192))] }) },
  { title: 'row 55: TLS 1.2', fault: /PROTOCOL/, send: async good => ({ ...good, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }) },
  { title: 'a certificate with an RSA key', fault: /HANDSHAKE_FAILURE/, faults: async () => ({ keys: generateKeyPairSync('rsa', { modulusLength: 2_048 }) }) },
  { title: 'a certificate with a key on another curve', fault: /HANDSHAKE_FAILURE/, faults: async () => ({ keys: generateKeyPairSync('ec', { namedCurve: 'P-521' }) }) },
  { title: 'another ALPN', fault: /NO_APPLICATION_PROTOCOL/, send: async good => ({ ...good, ALPNProtocols: ['h2'] }) },
  { title: 'no ALPN', fault: /ALPN/, send: async good => ({ ...good, ALPNProtocols: undefined }) }
]

/** An RSA key of 1,024 bits with this exponent, as libp2p has it. */
function rsaKey (exponent: bigint): Uint8Array {
  const e = Buffer.from(exponent.toString(16), 'hex').toString('base64url')
  const n = Buffer.alloc(128, 0xff).toString('base64url')
  const spki = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'spki', format: 'der' })
  return bytes([0x08, 0x00, 0x12], varint(spki.byteLength), spki)
}

describe('TLS of raw TCP', () => {
  let stage: Stage
  let identity: PrivateKey

  beforeEach(async () => {
    stage = new Stage()
    identity = await generateKeyPair('Ed25519')
  })

  afterEach(async () => { await stage.stop() })

  const hostile = async (row: Row): Promise<TLSSocketOptions & ConnectionOptions> => {
    const good = await certificate(identity, await row.faults?.())
    return { ALPNProtocols: ['libp2p'], rejectUnauthorized: false, requestCert: true, ...await row.send?.(good) ?? good }
  }

  /** A TLS server; returns its address. `received` gets what it was sent. */
  const tlsServer = async (options: TLSSocketOptions, received: Uint8Array[]): Promise<Uint8Array> =>
    parseAddress(await stage.server(raw => {
      const socket = new TLSSocket(raw, { ...options, isServer: true })
      stage.keep(socket)
      socket.on('data', data => { received.push(data) })
    }))

  describe('the dialler refuses', () => {
    ROWS.forEach(row => {
      it(row.title, async () => {
        const received: Uint8Array[] = []
        const addr = await tlsServer(await hostile(row), received)
        const client = await stage.host()
        const err = await failureOf(client.openStream({ id: identity.publicKey.toMultihash().bytes, addrs: [addr] }, PROTOCOL))

        expect(err).to.be.an.instanceOf(DialError).with.property('message').that.matches(row.fault)
        expect(received).to.be.empty()
      })
    })

    it('row 56: another PeerId than the one dialled', async () => {
      const received: Uint8Array[] = []
      const addr = await tlsServer({ ...await certificate(identity), ALPNProtocols: ['libp2p'], requestCert: true, rejectUnauthorized: false }, received)
      const client = await stage.host()
      const other = await generateKeyPair('Ed25519')
      const err = await failureOf(client.openStream({ id: other.publicKey.toMultihash().bytes, addrs: [addr] }, PROTOCOL))

      expect(err).to.be.an.instanceOf(DialError)
      expect(err.message).to.include(`${peerIdText(identity.publicKey.toMultihash().bytes)} is there instead`)
      expect(received).to.be.empty()
    })
  })

  describe('the listener refuses', () => {
    const expectRefused = async (options: ConnectionOptions): Promise<void> => {
      const server = await stage.echo()
      const raw = await stage.socket(server)
      const socket = connectTls({ ...options, socket: raw })
      stage.keep(socket)
      const received: Uint8Array[] = []
      socket.on('data', data => { received.push(data) })
      await closed(raw)

      expect(received).to.be.empty()
      const client = await stage.host()
      const stream = await client.openStream(server.self, PROTOCOL)
      const [answer] = await Promise.all([collect(stream), stream.sink([Uint8Array.from([1])])])
      expect(answer).to.equalBytes([1])
    }

    ROWS.forEach(row => {
      // a client without ALPN is let through the handshake by OpenSSL, and refused by us after it
      it(row.title, async () => { await expectRefused(await hostile(row)) })
    })

    it('nobody: no certificate at all', async () => { await expectRefused({ ALPNProtocols: ['libp2p'], rejectUnauthorized: false }) })

    it('row 56: a hello in the name of another PeerId than that of the certificate', async () => {
      const server = await stage.echo()
      const raw = await stage.socket(server)
      const socket = connectTls({ ...await certificate(identity), ALPNProtocols: ['libp2p'], rejectUnauthorized: false, socket: raw })
      stage.keep(socket)
      const received: Uint8Array[] = []
      socket.on('data', data => { received.push(data) })
      socket.write(helloOf(server.self.id.map((byte, i) => i === 20 ? byte ^ 1 : byte)))
      await closed(raw)

      expect(received).to.be.empty()
    })
  })

  describe('the listener accepts', () => {
    const visit = async (server: TcpHost, visitor: PrivateKey, options: ConnectionOptions): Promise<Hello> => {
      const socket = connectTls({ ALPNProtocols: ['libp2p'], rejectUnauthorized: false, ...options, socket: await stage.socket(server) })
      stage.keep(socket)
      socket.write(helloOf(visitor.publicKey.toMultihash().bytes))
      const answer = await new Promise<Uint8Array>((resolve, reject) => {
        socket.once('data', resolve)
        socket.once('error', reject)
      })
      return Hello.decode(answer.subarray(1))
    }

    const ACCEPTED: Array<[title: string, identity: 'Ed25519' | 'RSA', faults: () => Faults]> = [
      ['with further extensions', 'Ed25519', () => ({ others: [extension('1.2.3.4', false, Uint8Array.from([5, 0]))] })],
      ['with an Ed25519 key', 'Ed25519', () => ({ keys: generateKeyPairSync('ed25519') })],
      ['of an RSA identity', 'RSA', () => ({})]
    ]

    ACCEPTED.forEach(([title, type, faults]) => {
      it(`a certificate of another implementation ${title}`, async () => {
        const visitor = type === 'RSA' ? await generateKeyPair('RSA', 2_048) : identity
        const pem = await certificate(visitor, faults())

        expect((await visit(await stage.echo(), visitor, pem)).refusal).to.equal('NONE')
      })
    })

    it('one that would resume a session, by another handshake', async () => {
      const server = await stage.echo()
      const secureContext = createSecureContext(await certificate(identity))
      const raw = await stage.socket(server)
      const first = connectTls({ secureContext, ALPNProtocols: ['libp2p'], rejectUnauthorized: false, socket: raw })
      stage.keep(first)
      const session = await new Promise<Buffer>(resolve => { first.once('session', resolve) })

      expect((await visit(server, identity, { secureContext, session })).refusal).to.equal('NONE')
    })
  })

  // nothing that follows such a record can be read: it would be kept, however much that is
  describe('a record that cannot be decrypted resets', () => {
    const record = Uint8Array.of(0x17, 3, 3, 0, 0x20, ...new Uint8Array(0x20))

    /** The two sockets of a visitor that has shaken hands. */
    const visitor = async (server: TcpHost): Promise<[raw: Socket, socket: TLSSocket]> => {
      const raw = await stage.socket(server)
      const socket = connectTls({ ...await certificate(identity), ALPNProtocols: ['libp2p'], rejectUnauthorized: false, socket: raw })
      stage.keep(socket)
      await new Promise(resolve => { socket.once('secureConnect', resolve) })
      return [raw, socket]
    }

    it('an inbound stream', async () => {
      const server = await stage.host()
      let failure: Promise<Error> | undefined
      await server.handle(PROTOCOL, async stream => { failure = failureOf(collect(stream)) })
      const [raw, socket] = await visitor(server)
      socket.write(helloOf(identity.publicKey.toMultihash().bytes))
      await new Promise(resolve => { socket.once('data', resolve) })
      raw.write(record)
      await closed(raw)

      expect(await failure).to.be.an.instanceOf(StreamResetError)
    })

    it('an inbound socket before its hello', async () => {
      const [raw] = await visitor(await stage.echo())
      raw.write(record)
      await closed(raw)
    })

    it('an outbound stream', async () => {
      const addr = parseAddress(await stage.server(raw => {
        const socket = new TLSSocket(raw, { ...pem, ALPNProtocols: ['libp2p'], isServer: true, requestCert: true, rejectUnauthorized: false })
        stage.keep(socket)
        socket.once('data', () => {
          socket.write(helloOf(id, { mode: Mode.SERVER, addrs: [new Uint8Array(addr)] }), () => { raw.write(record) })
        })
      }))
      const pem = await certificate(identity)
      const id = identity.publicKey.toMultihash().bytes
      const client = await stage.host()
      const stream = await client.openStream({ id, addrs: [addr] }, PROTOCOL)

      expect(await failureOf(collect(stream))).to.be.an.instanceOf(StreamResetError)
    })
  })

  describe('what comes beside data', () => {
    let raw: Socket
    let socket: TLSSocket
    let records: Records

    beforeEach(async () => {
      raw = await stage.socket(await stage.echo())
      socket = connectTls({ ...await certificate(identity), ALPNProtocols: ['libp2p'], rejectUnauthorized: false, ciphers: RECORDS_CIPHER, socket: raw })
      stage.keep(socket)
      const answered = new Promise(resolve => { socket.once('data', resolve) })
      records = await Records.after(socket, helloOf(identity.publicKey.toMultihash().bytes))
      await answered
    })

    /** Resolves when the host has sent so many bytes more. */
    const echoed = async (byteLength: number): Promise<void> => new Promise(resolve => {
      let left = byteLength
      socket.on('data', data => {
        left -= data.byteLength
        if (left === 0) {
          resolve()
        }
      })
    })

    it('is bounded, though Node.js says nothing of it', async () => {
      const read = echoed(1)
      writeMany(raw, 5_000, () => records.keyUpdate())
      raw.write(records.data(Uint8Array.of(1)))
      await read
      stage.clock.advance(1_000)
      await closed(raw)
    })

    it('may be many times as much, if the data comes in small pieces', async () => {
      const read = echoed(7_000)
      writeMany(raw, 7_000, () => records.data(Uint8Array.of(1)))
      await read
      stage.clock.advance(1_000)
      const readOn = echoed(1)
      raw.write(records.data(Uint8Array.of(1)))
      await readOn
    })
  })

  it('sends no server name', async () => {
    const pem = await certificate(identity)
    let name: string | false | undefined
    const addr = parseAddress(await stage.server(raw => {
      const socket = new TLSSocket(raw, { isServer: true, ...pem, ALPNProtocols: ['libp2p'] })
      stage.keep(socket)
      socket.once('secure', () => {
        name = (socket as TLSSocket & { servername?: string | false }).servername
        socket.destroy()
      })
    }))
    const client = await stage.host()
    await failureOf(client.identify(addr, PROTOCOL))

    expect(name).to.not.be.a('string')
  })

  it('makes certificates that stand its own checks, and names the identity', async () => {
    const own = await createCertificate(identity)
    expect(await new Certificates().check(new X509Certificate(own.cert), systemClock.now())).to.equalBytes(identity.publicKey.toMultihash().bytes)
    expect(new X509Certificate(own.cert).validTo).to.include('9999')
  })

  it('reads a certificate once, and its dates each time', async () => {
    const certificates = new Certificates()
    const vector = new X509Certificate(Buffer.from(VECTORS.ed25519, 'hex'))
    const first = await certificates.check(vector, Date.parse('2023-11-14'))

    expect(await certificates.check(vector, Date.parse('2023-11-14'))).to.equal(first)
    expect((await failureOf(certificates.check(vector, Date.parse('1974-12-31')))).message).to.include('not valid yet')
    expect((await failureOf(certificates.check(vector, Date.parse('4097-01-01')))).message).to.include('expired')
  })

  it('does not take what proves nobody for what it has read before', async () => {
    const certificates = new Certificates()
    await certificates.check(new X509Certificate(Buffer.from(VECTORS.ed25519, 'hex')), Date.parse('2023-11-14'))
    const invalid = new X509Certificate(Buffer.from(VECTORS.invalid, 'hex'))

    expect(await failureOf(certificates.check(invalid, Date.parse('2023-11-14')))).to.be.an.instanceOf(InvalidCertificateError)
    expect(await failureOf(certificates.check(invalid, Date.parse('2023-11-14')))).to.be.an.instanceOf(InvalidCertificateError)
  })

  // libp2p specs, tls/tls.md, "Test vectors"
  describe('test vectors of the spec', () => {
    const check = async (hex: string): Promise<string> =>
      peerIdText(await new Certificates().check(new X509Certificate(Buffer.from(hex, 'hex')), Date.parse('2023-11-14')))

    it('1: Ed25519', async () => {
      expect(await check(VECTORS.ed25519)).to.equal('12D3KooWJRSrypvnpHgc6ZAgyCni4KcSmbV7uGRaMw5LgMKT18fq')
    })
    it('3: secp256k1', async () => {
      expect(await check(VECTORS.secp256k1)).to.equal('16Uiu2HAm2dSCBFxuge46aEt7U1oejtYuBUZXxASHqmcfVmk4gsbx')
    })
    it('4: invalid', async () => {
      expect(await failureOf(check(VECTORS.invalid))).to.be.an.instanceOf(InvalidCertificateError)
    })
  })
})

const VECTORS = {
  ed25519: '308201773082011ea003020102020900f5bd0debaa597f52300a06082a8648ce3d04030230003020170d3735303130313030303030305a180f34303936303130313030303030305a30003059301306072a8648ce3d020106082a8648ce3d030107034200046bf9871220d71dcb3483ecdfcbfcc7c103f8509d0974b3c18ab1f1be1302d643103a08f7a7722c1b247ba3876fe2c59e26526f479d7718a85202ddbe47562358a37f307d307b060a2b0601040183a25a01010101ff046a30680424080112207fda21856709c5ae12fd6e8450623f15f11955d384212b89f56e7e136d2e17280440aaa6bffabe91b6f30c35e3aa4f94b1188fed96b0ffdd393f4c58c1c047854120e674ce64c788406d1c2c4b116581fd7411b309881c3c7f20b46e54c7e6fe7f0f300a06082a8648ce3d040302034700304402207d1a1dbd2bda235ff2ec87daf006f9b04ba076a5a5530180cd9c2e8f6399e09d0220458527178c7e77024601dbb1b256593e9b96d961b96349d1f560114f61a87595',
  secp256k1: '3082018230820128a003020102020900f3b305f55622cfdf300a06082a8648ce3d04030230003020170d3735303130313030303030305a180f34303936303130313030303030305a30003059301306072a8648ce3d020106082a8648ce3d0301070342000458f7e9581748ff9bdd933b655cc0e5552a1248f840658cc221dec2186b5a2fe4641b86ab7590a3422cdbb1000cf97662f27e5910d7569f22feed8829c8b52e0fa38188308185308182060a2b0601040183a25a01010101ff0471306f042508021221026b053094d1112bce799dc8026040ae6d4eb574157929f1598172061f753d9b1b04463044022040712707e97794c478d93989aaa28ae1f71c03af524a8a4bd2d98424948a782302207b61b7f074b696a25fb9e0059141a811cccc4cc28042d9301b9b2a4015e87470300a06082a8648ce3d04030203480030450220143ae4d86fdc8675d2480bb6912eca5e39165df7f572d836aa2f2d6acfab13f8022100831d1979a98f0c4a6fb5069ca374de92f1a1205c962a6d90ad3d7554cb7d9df4',
  invalid: '308201773082011da003020102020830a73c5d896a1109300a06082a8648ce3d04030230003020170d3735303130313030303030305a180f34303936303130313030303030305a30003059301306072a8648ce3d020106082a8648ce3d03010703420004bbe62df9a7c1c46b7f1f21d556deec5382a36df146fb29c7f1240e60d7d5328570e3b71d99602b77a65c9b3655f62837f8d66b59f1763b8c9beba3be07778043a37f307d307b060a2b0601040183a25a01010101ff046a3068042408011220ec8094573afb9728088860864f7bcea2d4fd412fef09a8e2d24d482377c20db60440ecabae8354afa2f0af4b8d2ad871e865cb5a7c0c8d3dbdbf42de577f92461a0ebb0a28703e33581af7d2a4f2270fc37aec6261fcc95f8af08f3f4806581c730a300a06082a8648ce3d040302034800304502202dfb17a6fa0f94ee0e2e6a3b9fb6e986f311dee27392058016464bd130930a61022100ba4b937a11c8d3172b81e7cd04aedb79b978c4379c2b5b24d565dd5d67d3cb3c'
}
