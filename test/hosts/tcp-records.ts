import { createCipheriv, createHmac } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** What {@link Records} are made for. */
export const RECORDS_CIPHER = 'TLS_AES_128_GCM_SHA256'

const TAG_BYTES = 16

/** RFC 8446 §5.1, "ContentType". */
const HANDSHAKE = 22
const DATA = 23

/** Makes the records of TLS 1.3 that a client sends, those that Node.js sends for nobody included. */
export class Records {
  #secret: Uint8Array
  #key: Uint8Array = new Uint8Array(0)
  #iv: Uint8Array = new Uint8Array(0)
  /** Records sent with this key. */
  #sent = 0

  private constructor (secret: Uint8Array) {
    this.#secret = secret
    this.#useSecret(secret)
  }

  /** Those that follow `first`, which is sent when `socket` has shaken hands. */
  static async after (socket: TLSSocket, first: Uint8Array): Promise<Records> {
    let secret = ''
    socket.on('keylog', (line: Buffer) => {
      const [, hex] = /^CLIENT_TRAFFIC_SECRET_0 \w+ (\w+)/.exec(line.toString()) ?? []
      secret = hex ?? secret
    })
    await new Promise<void>(resolve => { socket.write(first, () => { resolve() }) })
    const records = new Records(Buffer.from(secret, 'hex'))
    records.#sent++
    return records
  }

  data (bytes: Uint8Array): Uint8Array {
    return this.#record(DATA, bytes)
  }

  /** From the next record on another key is used (RFC 8446 §4.6.3); the other side is not asked for one. */
  keyUpdate (): Uint8Array {
    const record = this.#record(HANDSHAKE, Uint8Array.of(24, 0, 0, 1, 0))
    this.#useSecret(expandLabel(this.#secret, 'traffic upd', 32))
    return record
  }

  #useSecret (secret: Uint8Array): void {
    this.#secret = secret
    this.#key = expandLabel(secret, 'key', 16)
    this.#iv = expandLabel(secret, 'iv', 12)
    this.#sent = 0
  }

  #record (type: number, content: Uint8Array): Uint8Array {
    const nonce = Buffer.from(this.#iv)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sent++) >>> 0, 8)
    const length = content.byteLength + 1 + TAG_BYTES
    const header = Uint8Array.of(DATA, 3, 3, length >> 8, length & 0xff)
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce).setAAD(header)
    return Buffer.concat([header, cipher.update(content), cipher.update(Uint8Array.of(type)), cipher.final(), cipher.getAuthTag()])
  }
}

/** Write records, `count` of them. */
export function writeMany (raw: Socket, count: number, record: () => Uint8Array): void {
  raw.write(Buffer.concat(Array.from({ length: count }, record)))
}

/** RFC 8446 §7.1, "HKDF-Expand-Label", of up to 32 bytes. */
function expandLabel (secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Uint8Array.of(0, length, name.byteLength), name, Uint8Array.of(0, 1)])
  return createHmac('sha256', secret).update(info).digest().subarray(0, length)
}
