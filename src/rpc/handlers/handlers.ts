import type { PeerInfo } from '../../keyspace/contact.ts'
import type { Request, Response, ResponseTo } from '../../wire/rpc.ts'
import type { Source } from 'it-stream-types'

/**
 * Answers one kind of request. A handler is a stream protocol: it yields its
 * answers as they become ready, one for every kind of today but `add-provider`,
 * which yields none. What is ready at once need be no async iterable.
 */
export type Handler<T extends Request['type']> =
  (request: Extract<Request, { type: T }>, from: PeerInfo) => Source<T extends Response['type'] ? ResponseTo<T> : never>

/** One handler for each kind of request. */
export type Handlers = { readonly [T in Request['type']]: Handler<T> }
