import { hostCompliance } from '../compliance/host.ts'
import { createLibp2pNode } from '../helpers/libp2p-tcp.ts'
import { libp2pSetup } from './libp2p-hosts.ts'

hostCompliance('libp2p over TCP', libp2pSetup(createLibp2pNode))
