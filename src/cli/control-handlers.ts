import { systemClock } from '../clock/clock.ts'
import { peerDump } from '../dump/peer.ts'
import { stateDump } from '../dump/state.ts'
import { multihashText } from '../record/multihash-text.ts'
import { keyDocument } from './key-document.ts'
import { performPut, putDocument } from './put-request.ts'
import { requestBytes } from './request-bytes.ts'
import { spreadDocument } from './spread-document.ts'
import type { ControlHandler, ControlHandlers } from './control-server.ts'
import type { KeyDocument } from './key-document.ts'
import type { PutDocument, PutRequest } from './put-request.ts'
import type { SpreadDocument } from './spread-document.ts'
import type { PeerDump } from '../dump/peer.ts'
import type { KadNode } from '../node.ts'

/** Keep a value alive no longer. */
export interface UnpublishRequest {
  readonly type: 'unpublish'
  /** As `put` prints it, or a name in the open namespace. */
  readonly key: string
  /** Milliseconds that the answer may take. */
  readonly timeout?: number
}

/** What came of it. */
export interface UnpublishDocument extends KeyDocument {
  /** Did the node keep it alive? */
  readonly was_published: boolean
}

/** Tell others that this node has what a multihash names, or no longer. */
export interface ProvideRequest {
  readonly type: 'provide' | 'unprovide'
  /** In base64. */
  readonly multihash: string
  /** Milliseconds that all of it may take. */
  readonly timeout?: number
}

/** What is not provided any more. */
export interface UnprovideDocument {
  /** In base58btc. */
  readonly multihash: string
}

/** Who was told. */
export interface ProvideDocument extends UnprovideDocument, SpreadDocument {
  readonly sent_to: readonly PeerDump[]
}

/** What a running node can be asked through its folder. */
export function controlHandlers (node: KadNode): ControlHandlers {
  return new Map<string, ControlHandler>([
    ['state', async () => stateDump(node, systemClock.now())],
    ['put', async (request, signal): Promise<PutDocument> => {
      const put = request as PutRequest
      return putDocument(await performPut(node, put, { signal, timeout: put.timeout, republish: true }), put)
    }],
    ['unpublish', async (request): Promise<UnpublishDocument> => {
      const { key } = request as UnpublishRequest
      const recordKey = node.internals.values.keyOf(key)
      return { ...keyDocument(recordKey), was_published: await node.unpublish(recordKey) }
    }],
    ['provide', async (request, signal): Promise<ProvideDocument> => {
      const { multihash, timeout } = request as ProvideRequest
      const provided = await node.provide(requestBytes('multihash', multihash), { signal, timeout })
      return { multihash: multihashText(provided.key), sent_to: provided.sentTo.map(peerDump), ...spreadDocument(provided) }
    }],
    ['unprovide', async (request): Promise<UnprovideDocument> => {
      const key = requestBytes('multihash', (request as ProvideRequest).multihash)
      await node.unprovide(key)
      return { multihash: multihashText(key) }
    }]
  ])
}
