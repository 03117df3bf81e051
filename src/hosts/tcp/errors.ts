/** An address to listen on is in use, forbidden, or not of this machine. The message names it and says what to do. */
export class ListenError extends Error {
  override name = 'ListenError'
}

/** Something that is no address which TCP can reach. The message names the fault. */
export class InvalidAddressError extends Error {
  override name = 'InvalidAddressError'
}

/** Unencrypted sockets stay on this machine unless `allowRemotePlain` is set. */
export class RemotePlainError extends Error {
  override name = 'RemotePlainError'

  constructor (address: string) {
    super(`"${address}" is not loopback, and security 'plain' proves nobody's identity: use security 'tls', or set allowRemotePlain if everybody on that network is trusted`)
  }
}

/** The other side's certificate does not prove who it is (libp2p specs, `tls/tls.md`). */
export class InvalidCertificateError extends Error {
  override name = 'InvalidCertificateError'
}

/** The file that keeps our identity cannot be read, written or understood. */
export class IdentityError extends Error {
  override name = 'IdentityError'
}

/** Why what has our own PeerId cannot be dialled: two nodes of one identity, as of a data directory that was copied, do not see each other. */
export const OURSELVES = 'our own identity is there: it is this node, or another that has a copy of its key'
