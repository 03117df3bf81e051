import { generateKeyPairSync, sign } from 'node:crypto'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate, Extension, Extensions, Name, SubjectPublicKeyInfo, TBSCertificate, Validity, Version } from '@peculiar/asn1-x509'
import type { PrivateKey } from '@libp2p/interface'
import type { KeyObject, KeyPairKeyObjectResult } from 'node:crypto'

const LIBP2P_EXTENSION = '1.3.6.1.4.1.53594.1.1'

/** Identifiers of signature algorithms, by the type of the key. */
const SIGNATURE_OF: Record<string, string> = {
  ec: '1.2.840.10045.4.3.2',
  ed25519: '1.3.101.112',
  rsa: '1.2.840.113549.1.1.11'
}

/** How a certificate differs from a good one. */
export interface Faults {
  notBefore?: Date
  notAfter?: Date
  /** Signs the key of the certificate instead of the identity. */
  vouchedBy?: PrivateKey
  /** What is signed, instead of the prefix of the spec. */
  prefix?: string
  /** Replaces the content of the libp2p extension. */
  content?: Uint8Array
  /** How many libp2p extensions there are. Default 1 */
  copies?: number
  /** Further extensions. */
  others?: Extension[]
  /** Signs the certificate instead of its own key. */
  signedBy?: KeyObject
  /** Of the certificate. Default: of ECDSA P-256 */
  keys?: KeyPairKeyObjectResult
}

export interface Pem {
  cert: string
  key: string
}

/** A certificate by the libp2p TLS spec, written out independently of the one under test, with `faults`. */
export async function certificate (identity: PrivateKey, faults: Faults = {}): Promise<Pem> {
  const { privateKey, publicKey } = faults.keys ?? generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const signature = await (faults.vouchedBy ?? identity).sign(Buffer.concat([Buffer.from(faults.prefix ?? 'libp2p-tls-handshake:'), spki]))
  const content = faults.content ?? signedKey(publicKeyToProtobuf(identity.publicKey), signature)
  const algorithm = new AlgorithmIdentifier({ algorithm: SIGNATURE_OF[privateKey.asymmetricKeyType ?? ''] })
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: Uint8Array.from([1]).buffer,
    signature: algorithm,
    issuer: new Name(),
    subject: new Name(),
    validity: new Validity({ notBefore: faults.notBefore ?? new Date(0), notAfter: faults.notAfter ?? new Date('2049-01-01') }),
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...Array.from({ length: faults.copies ?? 1 }, () => extension(LIBP2P_EXTENSION, true, content)),
      ...faults.others ?? []
    ])
  })
  const signatureValue = new Uint8Array(sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(AsnConvert.serialize(tbs)), faults.signedBy ?? privateKey)).buffer
  const der = AsnConvert.serialize(new Certificate({ tbsCertificate: tbs, signatureAlgorithm: algorithm, signatureValue }))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  }
}

export function extension (extnID: string, critical: boolean, content: Uint8Array): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(content) })
}

/** The content of the libp2p extension. */
export function signedKey (publicKey: Uint8Array, signature: Uint8Array): Uint8Array {
  return sequence(octets(publicKey), octets(signature))
}

/** DER, by hand: `SEQUENCE` of less than 64 KiB. */
function sequence (...items: Uint8Array[]): Uint8Array {
  return tagged(0x30, Buffer.concat(items))
}

function octets (bytes: Uint8Array): Uint8Array {
  return tagged(0x04, bytes)
}

function tagged (tag: number, body: Uint8Array): Uint8Array {
  const length = body.byteLength < 128 ? [body.byteLength] : [0x82, body.byteLength >> 8, body.byteLength & 0xff]
  return Buffer.concat([Uint8Array.from([tag, ...length]), body])
}
