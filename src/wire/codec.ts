import { bytesEqual } from './bytes-equal.ts'
import { encodeMessage } from './encode-message.ts'
import { InvalidMessageError } from './errors.ts'
import { MAX_PROVIDER_KEY_BYTES, MAX_READ_ANSWER_BYTES, MAX_REQUEST_BYTES } from './limits.ts'
import { MessageType } from './message.ts'
import { ownPeer } from './peers.ts'
import { decodeMessage } from './raw-message.ts'
import { assertValueKey, decodeEcho, decodeRecord, recordParts } from './wire-record.ts'
import type { Frame } from './frame.ts'
import type { RawMessage } from './raw-message.ts'
import type { Request, Response, ResponseTo } from './rpc.ts'
import type { PeerInfo } from '../keyspace/contact.ts'
import type { Uint8ArrayList } from 'uint8arraylist'

/** What a peer may have us keep. */
export interface WireLimits {
  /** Bytes of a record's value. One that we asked for may have more: whether to take it is for who asked. */
  readonly maxRecordSize: number
}

const TYPES = {
  'put-value': MessageType.PUT_VALUE,
  'get-value': MessageType.GET_VALUE,
  'add-provider': MessageType.ADD_PROVIDER,
  'get-providers': MessageType.GET_PROVIDERS,
  'find-node': MessageType.FIND_NODE,
  ping: MessageType.PING
} as const satisfies { [type in Request['type']]: MessageType }

/**
 * Bytes of the longest request frame to read: a value of the greatest size, and
 * {@link MAX_REQUEST_BYTES} for all that is beside it (its key, twice; fields of other implementations).
 */
export function maxRequestFrame (maxRecordSize: number): number {
  return MAX_REQUEST_BYTES + maxRecordSize
}

/** Bytes of the longest answer frame to read: a value of the greatest size, and {@link MAX_READ_ANSWER_BYTES} for the peers beside it. */
export function maxResponseFrame (maxRecordSize: number): number {
  return MAX_READ_ANSWER_BYTES + maxRecordSize
}

/** A request as the bytes of a frame, without the length prefix. Of providers that take 16 KiB or more the last addresses are left out. */
export function encodeRequest (request: Request): Uint8Array {
  return requestFrame(request).subarray()
}

/** The same, a large value as a piece of its own. */
export function requestFrame (request: Request): Frame {
  const type = TYPES[request.type]
  switch (request.type) {
    case 'ping':
      return encodeMessage(type, {})
    case 'find-node':
      return encodeMessage(type, { key: request.target })
    case 'get-value':
    case 'get-providers':
      return encodeMessage(type, { key: request.key })
    case 'put-value':
      return encodeMessage(type, { key: request.record.key, record: recordParts(request.record) })
    case 'add-provider':
      return encodeMessage(type, { key: request.key, providers: request.providers })
    // no default
  }
}

/**
 * An answer as the bytes of a frame, without the length prefix.
 *
 * An answer that carries peers stays below 16 KiB, which is all that rust reads, unless
 * its value alone is larger: addresses are left out first, then peers.
 */
export function encodeResponse (response: Response): Uint8Array {
  return responseFrame(response).subarray()
}

/** The same, a large value as a piece of its own. */
export function responseFrame (response: Response): Frame {
  const type = TYPES[response.type]
  switch (response.type) {
    case 'ping':
      return encodeMessage(type, {})
    case 'find-node':
      return encodeMessage(type, { closer: response.closer })
    case 'get-value': {
      const record = response.record == null ? undefined : recordParts(response.record)
      return encodeMessage(type, { key: response.key, record, closer: response.closer })
    }
    case 'get-providers':
      return encodeMessage(type, { key: response.key, providers: response.providers, closer: response.closer })
    case 'put-value':
      return encodeMessage(type, { key: response.record.key, record: recordParts(response.record) })
    // no default
  }
}

/**
 * The request in a frame that the peer `from` (its id) sent. What comes back is legal
 * in all that can be seen without knowing its namespace: nobody checks again.
 *
 * Nothing of it keeps the frame alive, but for a value that is nearly all of it.
 *
 * @throws {InvalidMessageError} and nothing else, whatever the bytes
 */
export function decodeRequest (frame: Uint8Array | Uint8ArrayList, from: Uint8Array, limits: WireLimits): Request {
  const message = decodeMessage(frame)
  if (message.type !== MessageType.PUT_VALUE && frame.byteLength > MAX_REQUEST_BYTES) {
    throw new InvalidMessageError(`a ${message.type} request of ${frame.byteLength} bytes, at most ${MAX_REQUEST_BYTES} are read`)
  }
  const key = message.key.slice()
  switch (message.type) {
    case MessageType.PING:
      return { type: 'ping' }
    case MessageType.FIND_NODE:
      if (key.byteLength === 0) {
        throw new InvalidMessageError('FIND_NODE with an empty key')
      }
      return { type: 'find-node', target: key }
    case MessageType.GET_VALUE:
      assertValueKey(key)
      return { type: 'get-value', key }
    case MessageType.PUT_VALUE:
      assertValueKey(key)
      return { type: 'put-value', record: decodeRecord(requireRecord(message), key, limits.maxRecordSize) }
    case MessageType.GET_PROVIDERS:
      assertProviderKey(key)
      return { type: 'get-providers', key }
    case MessageType.ADD_PROVIDER:
      assertProviderKey(key)
      return { type: 'add-provider', key, providers: [requireProvider(message, from)] }
    // no default
  }
}

/**
 * The answer in a frame that came for `request`.
 *
 * Its peers are read as far as their ids; their addresses when somebody asks for them.
 *
 * @throws {InvalidMessageError} and nothing else, whatever the bytes: also when the
 * answer is to another request than this, by its type, key or echoed value
 */
export function decodeResponse<R extends Request> (frame: Uint8Array | Uint8ArrayList, request: R): ResponseTo<R['type']>
export function decodeResponse (frame: Uint8Array | Uint8ArrayList, request: Request): Response {
  const message = decodeMessage(frame)
  if (message.type !== TYPES[request.type]) {
    throw new InvalidMessageError(`${message.type} in answer to ${TYPES[request.type]}`)
  }
  switch (request.type) {
    case 'ping':
      return { type: 'ping' }
    case 'find-node':
      return { type: 'find-node', closer: message.closer }
    case 'get-value': {
      assertEcho(message, request.key)
      // to hold a larger value than we take is no fault: it is refused as one that is not valid
      const record = message.record == null ? {} : { record: decodeRecord(message.record, request.key, Infinity) }
      return { type: 'get-value', key: request.key, ...record, closer: message.closer }
    }
    case 'put-value':
      assertEcho(message, request.record.key)
      return { type: 'put-value', record: decodeEcho(requireRecord(message), request.record) }
    case 'get-providers':
      assertEcho(message, request.key)
      return { type: 'get-providers', key: request.key, providers: message.providers, closer: message.closer }
    case 'add-provider':
      throw new InvalidMessageError('an answer to ADD_PROVIDER, which has none')
    // no default
  }
}

function assertProviderKey ({ byteLength }: Uint8Array): void {
  if (byteLength === 0 || byteLength > MAX_PROVIDER_KEY_BYTES) {
    throw new InvalidMessageError(`the key of a provider record has ${byteLength} bytes, must have 1 to ${MAX_PROVIDER_KEY_BYTES}`)
  }
}

function requireRecord ({ record, type }: RawMessage): Uint8Array {
  if (record == null) {
    throw new InvalidMessageError(`${type} without a record`)
  }
  return record
}

function requireProvider ({ providers }: RawMessage, from: Uint8Array): PeerInfo {
  const provider = providers.find(({ id }) => bytesEqual(id, from))
  if (provider == null) {
    throw new InvalidMessageError('none of the providers is the sender')
  }
  return ownPeer(provider)
}

/** go and js repeat the key of the request, rust does not. */
function assertEcho (message: RawMessage, key: Uint8Array): void {
  if (message.key.byteLength > 0 && !bytesEqual(message.key, key)) {
    throw new InvalidMessageError('an answer about another key')
  }
}
