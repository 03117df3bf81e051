import { constants } from 'node:crypto'
import { connect, createSecureContext, TLSSocket } from 'node:tls'
import { Certificates, createCertificate } from './certificate.ts'
import { InvalidCertificateError } from './errors.ts'
import { nextEvent } from './socket-events.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Clock } from '../../clock/clock.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { SecureContext } from 'node:tls'

/** libp2p specs, `tls/tls.md`, "ALPN". */
const ALPN = 'libp2p'

/**
 * By which keys certificates may be signed: ours are the former. The spec advises against RSA, of which one verification takes
 * milliseconds if its exponent is chosen to that end. Whoever the certificate vouches for may have any key.
 */
const SIGNATURES = 'ecdsa_secp256r1_sha256:ed25519'

/**
 * The libp2p TLS profile: TLS 1.3, both sides with a self-signed certificate in
 * which their identity vouches for its key. No server name is sent.
 */
export class LibP2PTls {
  readonly #context: SecureContext
  readonly #clock: Clock
  readonly #certificates = new Certificates()

  private constructor (context: SecureContext, clock: Clock) {
    this.#context = context
    this.#clock = clock
  }

  static async create (identity: PrivateKey, clock: Clock): Promise<LibP2PTls> {
    const credentials = await createCertificate(identity)
    return new LibP2PTls(createSecureContext({
      ...credentials,
      sigalgs: SIGNATURES,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      secureOptions: constants.SSL_OP_NO_TICKET // no session is resumed, so none goes into a ticket
    }), clock)
  }

  /**
   * Shake hands with whom we have dialled.
   *
   * @returns the multihash of the PeerId that was proven
   * @throws {InvalidCertificateError} nobody proven
   * @throws {Error} the socket's own: no handshake
   */
  async dial (connection: TcpConnection): Promise<Uint8Array> {
    // certificates are self-signed, so no authority can vouch for them: Certificates does instead
    const socket = connect({ socket: connection.raw, secureContext: this.#context, ALPNProtocols: [ALPN], rejectUnauthorized: false })
    return this.#finish(connection, socket, 'secureConnect')
  }

  /** Shake hands with whoever has dialled us; else as {@link LibP2PTls.dial}. */
  async accept (connection: TcpConnection): Promise<Uint8Array> {
    const socket = new TLSSocket(connection.raw, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: [ALPN],
      requestCert: true,
      rejectUnauthorized: false
    })
    // of what cannot be decrypted after the handshake Node.js tells a tls.Server only; to the socket nothing would happen, but that it keeps all it is sent
    socket.on('_tlsError', () => { connection.reset() })
    // who ends before the handshake will not finish it: there is no ALPN then
    return this.#finish(connection, socket, 'secure', 'end')
  }

  async #finish (connection: TcpConnection, socket: TLSSocket, ...done: string[]): Promise<Uint8Array> {
    connection.wrap(socket)
    await nextEvent(socket, ...done)
    if (socket.alpnProtocol !== ALPN) {
      throw new InvalidCertificateError(`the peer does not speak the TLS profile of libp2p: its ALPN is not "${ALPN}"`)
    }
    return this.#certificates.check(socket.getPeerX509Certificate(), this.#clock.now())
  }
}
