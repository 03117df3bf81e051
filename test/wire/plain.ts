import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

/** A peer without its laziness, to be compared. */
export function plainPeer ({ id, addrs }: PeerInfo): PeerInfo {
  return { id: new Uint8Array(id), addrs: addrs.map(addr => new Uint8Array(addr)) }
}

/** A message with plain peers, to be compared. */
export function plain (message: Request | Response): object {
  return {
    ...message,
    ...('closer' in message ? { closer: message.closer.map(plainPeer) } : {}),
    ...('providers' in message ? { providers: message.providers.map(plainPeer) } : {})
  }
}
