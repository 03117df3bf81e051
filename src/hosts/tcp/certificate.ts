import { generateKeyPair as generateNodeKeyPair, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { AsnConvert, AsnProp, AsnType, AsnTypeTypes, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate, Extension, Extensions, Name, SubjectPublicKeyInfo, TBSCertificate, Validity, Version } from '@peculiar/asn1-x509'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { InvalidCertificateError } from './errors.ts'
import { MAX_CERTIFICATE_BYTES } from './limits.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { X509Certificate } from 'node:crypto'

/** libp2p specs, `tls/tls.md`, "libp2p Public Key Extension". */
const LIBP2P_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SIGNED_PREFIX = fromString('libp2p-tls-handshake:')

/** `ecdsa-with-SHA256`, RFC 5758 §3.2. */
const ECDSA_SHA256 = '1.2.840.10045.4.3.2'

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
  const { privateKey, publicKey } = await promisify(generateNodeKeyPair)('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 })
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: new Name(),
    subject: new Name(),
    validity: new Validity({ notBefore: NOT_BEFORE, notAfter: NOT_AFTER }),
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions([await vouch(identity, spki)])
  })
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: algorithm,
    signatureValue: buffer(sign('sha256', bytesOf(tbs), privateKey))
  })
  return {
    cert: pemOf(bytesOf(certificate)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  }
}

/**
 * The multihash of the PeerId that a certificate proves, which the other side has
 * shown in a finished handshake to hold the key of.
 *
 * @param now - milliseconds since the Unix epoch
 * @throws {InvalidCertificateError} it proves none
 */
export async function checkCertificate (certificate: X509Certificate | undefined, now: number): Promise<Uint8Array> {
  if (certificate == null) {
    throw new InvalidCertificateError('the peer showed no certificate')
  }
  if (certificate.issuerCertificate != null) {
    throw new InvalidCertificateError('the peer sent more than one certificate')
  }
  if (certificate.raw.byteLength > MAX_CERTIFICATE_BYTES) {
    throw new InvalidCertificateError(`the peer's certificate has more than ${MAX_CERTIFICATE_BYTES} bytes`)
  }
  try {
    const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate)
    checkValidity(tbsCertificate.validity, now)
    checkSelfSigned(certificate)
    return await checkExtensions(tbsCertificate)
  } catch (err) {
    // the parsers of certificates and keys throw many kinds of errors at what is damaged
    throw err instanceof InvalidCertificateError ? err : new InvalidCertificateError('the peer\'s certificate is damaged', { cause: err })
  }
}

function checkValidity ({ notBefore, notAfter }: Validity, now: number): void {
  if (!(notBefore.getTime().getTime() <= now)) {
    throw new InvalidCertificateError('the peer\'s certificate is not valid yet: is a clock wrong?')
  }
  if (!(now <= notAfter.getTime().getTime())) {
    throw new InvalidCertificateError('the peer\'s certificate has expired: is a clock wrong?')
  }
}

function checkSelfSigned (certificate: X509Certificate): void {
  if (!certificate.verify(certificate.publicKey)) {
    throw new InvalidCertificateError('the peer\'s certificate is not signed by itself')
  }
}

async function checkExtensions ({ extensions = new Extensions(), subjectPublicKeyInfo }: TBSCertificate): Promise<Uint8Array> {
  const ours = extensions.filter(extension => extension.extnID === LIBP2P_EXTENSION)
  const critical = extensions.find(extension => extension.critical && extension.extnID !== LIBP2P_EXTENSION)
  if (critical != null) {
    throw new InvalidCertificateError(`the peer's certificate has the critical extension ${critical.extnID}, which means nothing here`)
  }
  if (ours.length !== 1) {
    throw new InvalidCertificateError(`the peer's certificate has ${ours.length} libp2p extensions, not one`)
  }
  const { publicKey, signature } = AsnConvert.parse(ours[0].extnValue, SignedKey)
  const identity = publicKeyFromProtobuf(new Uint8Array(publicKey.buffer))
  const signed = concat([SIGNED_PREFIX, bytesOf(subjectPublicKeyInfo)])
  if (!await identity.verify(signed, new Uint8Array(signature.buffer))) {
    throw new InvalidCertificateError('the signature in the libp2p extension of the peer\'s certificate is wrong')
  }
  return identity.toMultihash().bytes
}

/** The extension by which `identity` says that the key of the certificate speaks for it. */
async function vouch (identity: PrivateKey, spki: Uint8Array): Promise<Extension> {
  const signedKey = new SignedKey()
  signedKey.publicKey = new OctetString(publicKeyToProtobuf(identity.publicKey))
  signedKey.signature = new OctetString(await identity.sign(concat([SIGNED_PREFIX, spki])))
  return new Extension({
    extnID: LIBP2P_EXTENSION,
    critical: true,
    extnValue: new OctetString(AsnConvert.serialize(signedKey))
  })
}

/** 16 random bytes, positive and without a leading zero (RFC 5280 §4.1.2.2). */
function serialNumber (): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = bytes[0] & 0x7f | 0x40
  return buffer(bytes)
}

function bytesOf (value: object): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(value))
}

function buffer (bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

function pemOf (der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
