import { hostCompliance } from '../compliance/host.ts'
import { createLibp2pNode } from '../helpers/libp2p.ts'
import { libp2pSetup } from './libp2p-hosts.ts'

// a small window fills fast, also in a browser; over TCP it is as large as it gets
hostCompliance('libp2p in memory', libp2pSetup(createLibp2pNode, { latency: 1, maxStreamWindowSize: 512 * 1024 }))
