import { createServer } from 'node:net'
import { equals } from 'uint8arrays/equals'
import { isFull } from '../../rpc/errors.ts'
import { formatAddress, isLoopback, parseAddress, parseEndpoint } from './address.ts'
import { InvalidAddressError, ListenError, RemotePlainError } from './errors.ts'
import { peerIdText } from './identity.ts'
import { BACKLOG } from './limits.ts'
import { codeOf } from './system-error.ts'
import type { Endpoint } from './address.ts'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface ListenInit {
  /** The multihash of our PeerId. */
  self: Uint8Array
  /** Multiaddrs, binary or text, or `host:port`. */
  addresses: ReadonlyArray<string | Uint8Array>
  /** May it be reached from other machines? */
  loopbackOnly: boolean
  onSocket (raw: Socket): void
}

/** Where a listener is bound, and the way to close it. */
export interface Listener {
  readonly bound: readonly AddressInfo[]
  /** Accept no more. Resolves when the ports are free and every socket that was accepted is closed. */
  close (): Promise<void>
}

/**
 * Listen on every address. One of IPv6 that the machine does not have is passed
 * over if it names no interface (`::`, `::1`) and another one is bound.
 *
 * @throws {ListenError} an address cannot be bound; none is then
 * @throws {RemotePlainError} an address that is not loopback, when only that is allowed
 * @throws {InvalidAddressError} an address that is none, or that of another peer
 */
export async function listen ({ self, addresses, loopbackOnly, onSocket }: ListenInit): Promise<Listener> {
  const endpoints = addresses.map(address => listenEndpoint(address, loopbackOnly, self))
  const servers: Server[] = []
  const close = async (): Promise<void> => { await Promise.all(servers.map(closeServer)) }
  let passedOver: ListenError | undefined
  for (const endpoint of endpoints) {
    try {
      servers.push(await bind(endpoint, onSocket))
    } catch (err) {
      if (!isOptional(endpoint, err)) {
        await close()
        throw listenError(endpoint, err)
      }
      passedOver = listenError(endpoint, err)
    }
  }
  if (servers.length === 0 && passedOver != null) {
    throw passedOver
  }
  return { bound: servers.map(addressInfo), close }
}

function listenEndpoint (address: string | Uint8Array, loopbackOnly: boolean, self: Uint8Array): Endpoint {
  const addr = typeof address === 'string' ? parseAddress(address) : address
  const endpoint = parseEndpoint(addr)
  if (endpoint.isName) {
    throw new ListenError(`cannot listen on the name "${endpoint.host}": give an IP address of this machine`)
  }
  if (endpoint.id != null && !equals(endpoint.id, self)) {
    throw new InvalidAddressError(`cannot listen on "${formatAddress(addr)}": it names another peer, this one is ${peerIdText(self)}; leave /p2p/… out`)
  }
  if (loopbackOnly && !isLoopback(endpoint)) {
    throw new RemotePlainError(formatAddress(addr))
  }
  return endpoint
}

async function bind ({ host, port, family }: Endpoint, onSocket: (raw: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onSocket)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // only IPv6, so that both versions of IP can have the same port
    server.listen({ host, port, backlog: BACKLOG, ipv6Only: family === 6 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // a failed accept (no file descriptor left) costs that one connection, not the process
  server.on('error', () => {})
  return server
}

async function closeServer (server: Server): Promise<void> {
  await new Promise<void>(resolve => { server.close(() => { resolve() }) })
}

function addressInfo (server: Server): AddressInfo {
  const address = server.address()
  if (address == null || typeof address === 'string') {
    throw new ListenError('the listener was closed while it started')
  }
  return address
}

function isOptional ({ host }: Endpoint, err: unknown): boolean {
  return (host === '::' || host === '::1') && ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT'].includes(codeOf(err))
}

function listenError ({ host, port }: Endpoint, cause: unknown): ListenError {
  const code = codeOf(cause)
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return new ListenError(`cannot listen on ${address} (${code}): ${isFull(cause) ? 'raise the limit of open files, "ulimit -n"' : adviceFor(code, port)}`, { cause })
}

function adviceFor (code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process has that port; stop it, or listen on port 0 to get a free one'
    case 'EACCES':
      return `port ${port} needs privileges; use one of 1024 or more`
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address; use one of its own, or 0.0.0.0 or [::] for all of them'
    default:
      return 'use another address'
  }
}
