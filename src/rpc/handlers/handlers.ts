import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Request, Response, ResponseTo } from '../../wire/rpc.ts'

/**
 * Answers one kind of request. A handler is a stream protocol: it yields its
 * answers as they become ready, one for every kind of today but `add-provider`,
 * which yields none.
 */
export type Handler<T extends Request['type']> =
  (request: Extract<Request, { type: T }>, from: PeerInfo) => AsyncIterable<T extends Response['type'] ? ResponseTo<T> : never>

/** One handler for each kind of request. */
export type Handlers = { readonly [T in Request['type']]: Handler<T> }
