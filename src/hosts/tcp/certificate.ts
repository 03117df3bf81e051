// tsyringe, beneath @peculiar/x509, needs this polyfill to be there first
import 'reflect-metadata'
import { createPublicKey } from 'node:crypto'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { AsnConvert, AsnProp, AsnType, AsnTypeTypes, OctetString } from '@peculiar/asn1-schema'
import { Extension, PemConverter, X509Certificate, X509CertificateGenerator } from '@peculiar/x509'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { LruCache } from '../../cache/lru-cache.ts'
import { InvalidCertificateError } from './errors.ts'
import { MAX_CERTIFICATE_BYTES, MAX_PROVEN_CERTIFICATES } from './limits.ts'
import type { PrivateKey, PublicKey } from '@libp2p/interface'
import type { X509Certificate as NodeCertificate } from 'node:crypto'

/** libp2p specs, `tls/tls.md`, "libp2p Public Key Extension". */
const LIBP2P_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SIGNED_PREFIX = fromString('libp2p-tls-handshake:')

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Of RSA keys, as go has it; nearly all have 65,537. To verify a signature takes as long as the exponent is large: with one of 3,072 bits 20 ms. */
const MAX_RSA_EXPONENT = 2n ** 31n - 1n

/**
 * The certificate is made anew with each start, so that its dates say nothing.
 * Wide ones let a peer in whose clock is wrong; the last is that of RFC 5280
 * §4.1.2.5 for "no expiration".
 */
const NOT_BEFORE = new Date('1970-01-01T00:00:00Z')
const NOT_AFTER = new Date('9999-12-31T23:59:59Z')

/** `SEQUENCE { publicKey OCTET STRING, signature OCTET STRING }` */
class SignedKey {
  publicKey = new OctetString()
  signature = new OctetString()
}
AsnType({ type: AsnTypeTypes.Sequence })(SignedKey)
AsnProp({ type: OctetString })(SignedKey.prototype, 'publicKey')
AsnProp({ type: OctetString })(SignedKey.prototype, 'signature')

/** What a TLS socket needs to say who it is, as PEM. */
export interface Credentials {
  readonly cert: string
  readonly key: string
}

/** Make a self-signed certificate of a new ECDSA P-256 key, which `identity` vouches for. */
export async function createCertificate (identity: PrivateKey): Promise<Credentials> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    extensions: [await vouch(identity, spki)]
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    cert: certificate.toString('pem'),
    key: PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag)
  }
}

/** What a certificate proves, and when. */
interface Proof {
  /** The multihash of the PeerId. */
  readonly id: Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * Tells whom certificates prove. Those of the latest {@link MAX_PROVEN_CERTIFICATES} are
 * remembered: to read one and to verify its two signatures takes as long as all the rest of a handshake.
 */
export class Certificates {
  /** By fingerprint, which is a SHA-256. What proves nothing is not remembered. */
  readonly #proofs = new LruCache<Proof>(MAX_PROVEN_CERTIFICATES)

  /**
   * The multihash of the PeerId that a certificate proves, which the other side has
   * shown in a finished handshake to hold the key of.
   *
   * @param shown - the certificate as the handshake had it
   * @param now - milliseconds since the Unix epoch
   * @throws {InvalidCertificateError} it proves none
   */
  async check (shown: NodeCertificate | undefined, now: number): Promise<Uint8Array> {
    if (shown == null) {
      throw new InvalidCertificateError('the peer showed no certificate')
    }
    if (shown.issuerCertificate != null) {
      throw new InvalidCertificateError('the peer sent more than one certificate')
    }
    if (shown.raw.byteLength > MAX_CERTIFICATE_BYTES) {
      throw new InvalidCertificateError(`the peer's certificate has more than ${MAX_CERTIFICATE_BYTES} bytes`)
    }
    const { fingerprint256 } = shown
    let proof = this.#proofs.get(fingerprint256)
    if (proof == null) {
      proof = await prove(shown)
      this.#proofs.set(fingerprint256, proof)
    }
    checkValidity(proof, now)
    return proof.id
  }
}

async function prove (shown: NodeCertificate): Promise<Proof> {
  try {
    const certificate = new X509Certificate(new Uint8Array(shown.raw))
    checkSelfSigned(shown)
    const id = await checkExtensions(certificate)
    return { id, notBefore: certificate.notBefore.getTime(), notAfter: certificate.notAfter.getTime() }
  } catch (err) {
    // the parsers of certificates and keys throw many kinds of errors at what is damaged
    throw err instanceof InvalidCertificateError ? err : new InvalidCertificateError('the peer\'s certificate is damaged', { cause: err })
  }
}

function checkValidity ({ notBefore, notAfter }: Proof, now: number): void {
  if (!(notBefore <= now)) {
    throw new InvalidCertificateError('the peer\'s certificate is not valid yet: is a clock wrong?')
  }
  if (!(now <= notAfter)) {
    throw new InvalidCertificateError('the peer\'s certificate has expired: is a clock wrong?')
  }
}

/** By Node.js, which does it in a seventh of the time that WebCrypto takes. */
function checkSelfSigned (shown: NodeCertificate): void {
  if (!shown.verify(shown.publicKey)) {
    throw new InvalidCertificateError('the peer\'s certificate is not signed by itself')
  }
}

async function checkExtensions ({ extensions, publicKey: certified }: X509Certificate): Promise<Uint8Array> {
  const ours = extensions.filter(({ type }) => type === LIBP2P_EXTENSION)
  const critical = extensions.find(extension => extension.critical && extension.type !== LIBP2P_EXTENSION)
  if (critical != null) {
    throw new InvalidCertificateError(`the peer's certificate has the critical extension ${critical.type}, which means nothing here`)
  }
  if (ours.length !== 1) {
    throw new InvalidCertificateError(`the peer's certificate has ${ours.length} libp2p extensions, not one`)
  }
  const { publicKey, signature } = AsnConvert.parse(ours[0].value, SignedKey)
  const identity = publicKeyFromProtobuf(new Uint8Array(publicKey.buffer))
  checkExponent(identity)
  const signed = concat([SIGNED_PREFIX, new Uint8Array(certified.rawData)])
  if (!await identity.verify(signed, new Uint8Array(signature.buffer))) {
    throw new InvalidCertificateError('the signature in the libp2p extension of the peer\'s certificate is wrong')
  }
  return identity.toMultihash().bytes
}

function checkExponent ({ type, raw }: PublicKey): void {
  const { publicExponent = 0n } = type === 'RSA' ? createPublicKey({ key: Buffer.from(raw), format: 'der', type: 'spki' }).asymmetricKeyDetails ?? {} : {}
  if (publicExponent > MAX_RSA_EXPONENT) {
    throw new InvalidCertificateError(`the RSA key in the libp2p extension of the peer's certificate has an exponent of more than ${MAX_RSA_EXPONENT}`)
  }
}

/** The extension by which `identity` says that the key of the certificate speaks for it. */
async function vouch (identity: PrivateKey, spki: Uint8Array): Promise<Extension> {
  const signedKey = new SignedKey()
  signedKey.publicKey = new OctetString(publicKeyToProtobuf(identity.publicKey))
  signedKey.signature = new OctetString(await identity.sign(concat([SIGNED_PREFIX, spki])))
  return new Extension(LIBP2P_EXTENSION, true, AsnConvert.serialize(signedKey))
}
