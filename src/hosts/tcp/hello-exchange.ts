import { encode as encodeVarint } from 'uint8-varint'
import { concat } from 'uint8arrays/concat'
import { DialError, ProtocolViolationError, UnsupportedProtocolError } from '../../rpc/errors.ts'
import { OURSELVES } from './errors.ts'
import { Hello, Mode, Refusal } from './hello.ts'
import { MAX_ADDR_BYTES, MAX_AGENT_LENGTH, MAX_HELLO_ADDRS, MAX_HELLO_BYTES, MAX_NETWORK_BYTES } from './limits.ts'
import { checkAlive, nextEvent } from './socket-events.ts'
import type { Socket } from 'node:net'

/** A varint of at most this many bytes says every length up to {@link MAX_HELLO_BYTES}. */
const MAX_PREFIX_BYTES = 2
const CONTINUES = 0x80

/** Write a hello: one frame, in one piece with what follows it at once. */
export function writeHello (socket: Socket, hello: Hello, next: Uint8Array = new Uint8Array(0)): void {
  const body = Hello.encode({
    ...hello,
    addrs: hello.addrs.filter(addr => addr.byteLength <= MAX_ADDR_BYTES).slice(0, MAX_HELLO_ADDRS),
    agent: hello.agent.slice(0, MAX_AGENT_LENGTH)
  })
  socket.write(concat([encodeVarint(body.byteLength), body, next]))
}

/**
 * Read a hello and not a byte more, so that the socket can be handed on.
 *
 * @throws {ProtocolViolationError} what comes is none
 * @throws {Error} the socket's own
 */
export async function readHello (socket: Socket): Promise<Hello> {
  const length = await readLength(socket)
  const body = await readExactly(socket, length)
  let hello: Hello
  try {
    hello = Hello.decode(body, { limits: { addrs: MAX_HELLO_ADDRS } })
  } catch (err) {
    throw new ProtocolViolationError('the hello is damaged', { cause: err })
  }
  checkHello(hello)
  return hello
}

/**
 * The dialler's verdict on the listener's hello.
 *
 * @throws {DialError} we have dialled ourselves
 * @throws {UnsupportedProtocolError} the listener does not serve `network`
 */
export function checkAnswer (answer: Hello, network: string): void {
  switch (answer.refusal) {
    case Refusal.SELF:
      throw new DialError(OURSELVES)
    case Refusal.NOT_SERVING:
      throw new UnsupportedProtocolError('it is a client, which serves nobody')
    case Refusal.OTHER_NETWORK:
      throw otherNetwork(answer.network, network)
    case Refusal.NONE:
      break
    default:
      throw new ProtocolViolationError(`unknown refusal ${JSON.stringify(answer.refusal satisfies never)}`)
  }
  if (answer.network !== network) {
    throw otherNetwork(answer.network, network)
  }
}

function otherNetwork (theirs: string, ours: string): Error {
  return new UnsupportedProtocolError(`it is on network ${printable(theirs)}, we are on ${ours}: start both with the same --network`)
}

function checkHello ({ network, addrs, agent, peer, mode, refusal }: Hello): void {
  // a client that refuses has no network to name
  if (network === '' && refusal !== Refusal.NOT_SERVING) {
    throw new ProtocolViolationError('the hello names no network')
  }
  if (network.length > MAX_NETWORK_BYTES || agent.length > MAX_AGENT_LENGTH) {
    throw new ProtocolViolationError('the hello has a name that is too long')
  }
  if (addrs.some(addr => addr.byteLength > MAX_ADDR_BYTES)) {
    throw new ProtocolViolationError(`the hello has an address of more than ${MAX_ADDR_BYTES} bytes`)
  }
  if (peer.byteLength === 0 || (mode === Mode.SERVER && addrs.length === 0)) {
    throw new ProtocolViolationError('the hello does not say who it is from')
  }
}

async function readLength (socket: Socket): Promise<number> {
  let length = 0
  for (let i = 0; i < MAX_PREFIX_BYTES; i++) {
    const [byte] = await readExactly(socket, 1)
    length += (byte & ~CONTINUES) * 2 ** (7 * i)
    if ((byte & CONTINUES) === 0) {
      return checkLength(length)
    }
  }
  throw new ProtocolViolationError(`the hello is longer than ${MAX_HELLO_BYTES} bytes`)
}

function checkLength (length: number): number {
  if (length === 0 || length > MAX_HELLO_BYTES) {
    throw new ProtocolViolationError(`the hello has ${length} bytes, not 1 to ${MAX_HELLO_BYTES}`)
  }
  return length
}

async function readExactly (socket: Socket, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    checkAlive(socket)
    // whatever is there: Node.js announces bytes that are left lying again and again
    const chunk: Uint8Array | null = socket.read(Math.min(length - filled, Math.max(1, socket.readableLength)))
    if (chunk != null) {
      bytes.set(chunk, filled)
      filled += chunk.byteLength
    } else if (socket.readableEnded) {
      throw new ProtocolViolationError('the connection ended before the hello')
    } else {
      await nextEvent(socket, 'readable', 'end')
    }
  }
  return bytes
}

/** What a stranger calls something, fit for a terminal. */
function printable (text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
