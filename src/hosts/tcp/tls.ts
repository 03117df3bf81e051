import { connect, createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import { checkCertificate, createCertificate } from './certificate.ts'
import { InvalidCertificateError } from './errors.ts'
import { nextEvent, surviveErrors } from './socket-events.ts'
import type { Clock } from '../../clock/clock.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Socket } from 'node:net'

/** libp2p specs, `tls/tls.md`, "ALPN". */
const ALPN = 'libp2p'

/** A socket with TLS around it, and who is at the other end. */
export interface SecureSocket {
  readonly socket: TLSSocket
  /** The multihash of the PeerId that was proven. */
  readonly id: Uint8Array
}

/**
 * The libp2p TLS profile: TLS 1.3, both sides with a self-signed certificate in
 * which their identity vouches for its key. No server name is sent.
 */
export class LibP2PTls {
  readonly #context: SecureContext
  readonly #clock: Clock

  private constructor (context: SecureContext, clock: Clock) {
    this.#context = context
    this.#clock = clock
  }

  static async create (identity: PrivateKey, clock: Clock): Promise<LibP2PTls> {
    const credentials = await createCertificate(identity)
    return new LibP2PTls(createSecureContext({ ...credentials, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }), clock)
  }

  /** @throws {InvalidCertificateError | Error} no handshake, or nobody proven */
  async dial (raw: Socket): Promise<SecureSocket> {
    // certificates are self-signed, so no authority can vouch for them: checkCertificate does instead
    const socket = connect({ socket: raw, secureContext: this.#context, ALPNProtocols: [ALPN], rejectUnauthorized: false })
    return this.#finish(socket, 'secureConnect')
  }

  /** @throws as {@link LibP2PTls.dial} */
  async accept (raw: Socket): Promise<SecureSocket> {
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: [ALPN],
      requestCert: true,
      rejectUnauthorized: false
    })
    return this.#finish(socket, 'secure')
  }

  async #finish (socket: TLSSocket, done: string): Promise<SecureSocket> {
    surviveErrors(socket)
    await nextEvent(socket, done)
    if (socket.alpnProtocol !== ALPN) {
      throw new InvalidCertificateError(`the peer does not speak the TLS profile of libp2p: its ALPN is not "${ALPN}"`)
    }
    return { socket, id: await checkCertificate(socket.getPeerX509Certificate(), this.#clock.now()) }
  }
}
