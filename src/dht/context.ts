import type { KademliaConfig } from './config.ts'
import type { Peers } from './peers.ts'
import type { Tasks } from './tasks.ts'
import type { Values } from './values.ts'
import type { Contact } from '../keyspace/contact.ts'
import type { RpcClient } from '../rpc/client.ts'
import type { Logger } from '@libp2p/interface'

/** What the operations share: the parts of one running node. */
export interface DhtContext {
  readonly config: KademliaConfig
  readonly self: Contact
  readonly client: RpcClient
  readonly peers: Peers
  readonly values: Values
  readonly tasks: Tasks
  readonly log: Logger
}
