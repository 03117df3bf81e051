import { connect, createServer } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { encode } from 'it-length-prefixed'
import { parseEndpoint } from '../../src/hosts/tcp/address.ts'
import { Hello, Mode, Refusal } from '../../src/hosts/tcp/hello.ts'
import { createTcpHost } from '../../src/hosts/tcp/host.ts'
import { ManualClock } from './tcp-clock.ts'
import type { TcpHost, TcpHostInit } from '../../src/hosts/tcp/host.ts'
import type { Stream } from '../../src/rpc/connection.ts'
import type { AddressInfo, Server, Socket } from 'node:net'

export const PROTOCOL = '/kadmium/test/1.0.0'

export const SECURITIES = ['tls', 'plain'] as const

/** Everything that one test opens, and the proof that nothing of it is left. */
export class Stage {
  readonly clock = new ManualClock()
  readonly #hosts: TcpHost[] = []
  readonly #sockets: Socket[] = []
  readonly #servers: Server[] = []

  async host (init: Partial<TcpHostInit> = {}): Promise<TcpHost> {
    const privateKey = init.privateKey ?? await generateKeyPair('Ed25519')
    const host = await createTcpHost({ clock: this.clock, listen: ['127.0.0.1:0'], ...init, privateKey })
    this.#hosts.push(host)
    return host
  }

  /** A host that answers with what it reads. */
  async echo (init: Partial<TcpHostInit> = {}): Promise<TcpHost> {
    const host = await this.host(init)
    await host.handle(PROTOCOL, async stream => { await stream.sink(stream.source) })
    return host
  }

  /** A bare socket to a host. */
  async socket (host: TcpHost): Promise<Socket> {
    const socket = connect({ port: portOf(host), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.keep(socket)
    await new Promise<void>(resolve => {
      // a host that is full may reset it before that
      ['connect', 'close'].forEach(event => { socket.once(event, () => { resolve() }) })
    })
    return socket
  }

  /** A bare server; returns its address. */
  async server (onSocket: (socket: Socket) => void): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, socket => {
      this.keep(socket)
      onSocket(socket)
    })
    this.#servers.push(server)
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Have it destroyed after the test, the latest first: Node.js crashes when a TLS socket goes after the one it wraps. */
  keep (socket: Socket): void {
    socket.on('error', () => {})
    this.#sockets.unshift(socket)
  }

  async stop (): Promise<void> {
    await Promise.all(this.#hosts.map(async host => host.stop()))
    this.#sockets.forEach(socket => { socket.destroy() })
    await Promise.all(this.#servers.map(async server => new Promise(resolve => { server.close(resolve) })))
    await Promise.all(this.#sockets.map(closed))
    // handles are let go of in the turns after their close
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
    for (const { sockets } of this.#hosts) {
      expect(sockets).to.deep.equal({ inbound: 0, outbound: 0, handshakes: 0 })
    }
    expect(this.clock.pending).to.equal(0, 'calls left scheduled')
    expect(process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))).to.be.empty()
  }
}

/** Resolves when `socket` is closed: true if by an error, which a reset is. */
export async function closed (socket: Socket): Promise<boolean> {
  if (!socket.closed) {
    await new Promise<void>(resolve => { socket.once('close', () => { resolve() }) })
  }
  return socket.errored != null
}

export function portOf (host: TcpHost): number {
  return parseEndpoint(host.listenAddrs[0]).port
}

export async function collect (stream: Stream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream.source) {
    chunks.push(chunk.subarray())
  }
  return Buffer.concat(chunks)
}

export async function failureOf (promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (err) {
    expect(err).to.be.an.instanceOf(Error)
    return err as Error
  }
  throw new Error('expected a rejection')
}

/** The frame that carries `body`. */
export function frame (body: Uint8Array): Uint8Array {
  return encode.single(body).subarray()
}

/** A byte of what a host sends first, or undefined if it sends nothing before the socket closes. */
export async function firstBytes (socket: Socket): Promise<Uint8Array | undefined> {
  if (socket.closed) {
    return undefined
  }
  return new Promise(resolve => {
    socket.once('data', resolve)
    socket.once('close', () => { resolve(undefined) })
  })
}

/** A good hello of a client with this id, as a frame. */
export function helloOf (peer: Uint8Array, changes: Partial<Hello> = {}): Uint8Array {
  return frame(Hello.encode({
    network: PROTOCOL,
    mode: Mode.CLIENT,
    peer: new Uint8Array(peer),
    addrs: [],
    observed: new Uint8Array(0),
    agent: 'test',
    refusal: Refusal.NONE,
    ...changes
  }))
}
