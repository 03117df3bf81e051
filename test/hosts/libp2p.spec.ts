import { hostCompliance } from '../compliance/host.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { libp2pSetup } from './libp2p-hosts.ts'

hostCompliance('libp2p in memory', libp2pSetup(createLibp2pNode, { latency: 1 }))
