import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { createNode } from '../src/node.ts'
import { compile, errorsIn, root } from './helpers/compile.ts'

/** What every program gives whole, or in part: whatever may be left out may be undefined. */
const PROGRAM = `
import type {
  Contact, DatastoreContactStoreInit, DatastoreProviderStoreInit, DatastorePublicationStoreInit, DatastoreValueStoreInit, FindPeerOptions, FindProvidersOptions, GetOptions, Kademlia, KademliaInit,
  MemoryProviderStoreInit, MutablePut, Observer, OperationOptions, PeerInfo, ProviderLimits, PutOptions, PutValueOptions, RecordKind, ReprovideOptions, StartOptions, ValueLimits, ValueRecord
} from '../src/engine.ts'
import type { FindProvidersOptions as FindOptions, GetValueOptions, KadDHTInit, ProvidersInit, ReProvideInit, SetModeOptions } from '../src/index.ts'
import type { MemoryHostInit, MemoryNetworkInit, VirtualClockInit } from '../src/memory.ts'
import type { InboundLimits, NodeInit, SealedDatastoreInit, TcpHostInit } from '../src/node.ts'

type Optional<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? K : never }[keyof T]
type Methods = 'addrsOf' | 'log' | 'parseAddr' | 'peerInfoMapper' | 'random'
type Undefined<T> = Omit<T, Optional<T>> & { [K in Exclude<Optional<T>, Methods>]: undefined }
type Takes<T, _Given extends T> = T

export interface All {
  operations: [
    Takes<OperationOptions, Undefined<OperationOptions>>,
    Takes<PutOptions, Undefined<PutOptions>>,
    Takes<MutablePut, Undefined<MutablePut>>,
    Takes<GetOptions, Undefined<GetOptions>>,
    Takes<FindPeerOptions, Undefined<FindPeerOptions>>,
    Takes<FindProvidersOptions, Undefined<FindProvidersOptions>>,
    Takes<StartOptions, Undefined<StartOptions>>
  ]
  nodes: [
    Takes<NonNullable<Parameters<Kademlia['setMode']>[1]>, { force: undefined }>,
    Takes<KademliaInit, Undefined<KademliaInit>>,
    Takes<ReprovideOptions, Undefined<ReprovideOptions>>,
    Takes<NodeInit, Undefined<NodeInit>>,
    Takes<TcpHostInit, Undefined<TcpHostInit>>,
    Takes<InboundLimits, Undefined<InboundLimits>>
  ]
  parts: [
    Takes<PeerInfo, Undefined<PeerInfo>>,
    Takes<Contact, Undefined<Contact>>,
    Takes<ValueRecord, Undefined<ValueRecord>>,
    Takes<RecordKind, Undefined<RecordKind>>,
    Takes<Observer, Undefined<Pick<Observer, 'client' | 'server'>>>
  ]
  stores: [
    Takes<PutValueOptions, Undefined<PutValueOptions>>,
    Takes<ValueLimits, Undefined<ValueLimits>>,
    Takes<ProviderLimits, Undefined<ProviderLimits>>,
    Takes<MemoryProviderStoreInit, Undefined<MemoryProviderStoreInit>>,
    Takes<DatastoreValueStoreInit, Undefined<DatastoreValueStoreInit>>,
    Takes<DatastoreProviderStoreInit, Undefined<DatastoreProviderStoreInit>>,
    Takes<DatastorePublicationStoreInit, Undefined<DatastorePublicationStoreInit>>,
    Takes<DatastoreContactStoreInit, Undefined<DatastoreContactStoreInit>>,
    Takes<SealedDatastoreInit, Undefined<SealedDatastoreInit>>
  ]
  libp2p: [
    Takes<KadDHTInit, Undefined<KadDHTInit>>,
    Takes<ProvidersInit, Undefined<ProvidersInit>>,
    Takes<ReProvideInit, Undefined<ReProvideInit>>,
    Takes<GetValueOptions, Undefined<Pick<GetValueOptions, 'quorum'>>>,
    Takes<FindOptions, Undefined<Pick<FindOptions, 'limit'>>>,
    Takes<SetModeOptions, Undefined<Pick<SetModeOptions, 'force'>>>
  ]
  memory: [
    Takes<MemoryNetworkInit, Undefined<MemoryNetworkInit>>,
    Takes<MemoryHostInit, Undefined<MemoryHostInit>>,
    Takes<VirtualClockInit, Undefined<VirtualClockInit>>
  ]
}
`

describe('options that are undefined', function () {
  this.timeout(60_000)

  it('are left out, with exactOptionalPropertyTypes too', () => {
    const path = join(root, 'test/all-undefined.ts')
    const program = compile([], new Map([[path, PROGRAM]]), {}, { exactOptionalPropertyTypes: true, noUnusedParameters: false })
    expect(errorsIn(program, [path])).to.deep.equal([])
  })

  it('are left out when a node is made and asked', async () => {
    const unset = { dataDir: undefined, privateKey: undefined, security: undefined, announce: undefined, limits: { maxSockets: undefined }, reprovide: { interval: undefined }, k: undefined, kinds: undefined, signal: undefined }
    await using node = await createNode({ ...unset, listen: ['127.0.0.1:0'] })
    const unasked = { signal: undefined, timeout: undefined, onProgress: undefined }
    await node.put('key', 'value', { ...unasked, ttl: undefined, republish: undefined })
    expect((await node.get('key', { ...unasked, quorum: undefined })).value).to.have.lengthOf(5)
  })

  it('a node that is used for a block runs no longer than that', async () => {
    const nodes = []
    {
      await using node = await createNode({ listen: ['127.0.0.1:0'] })
      nodes.push(node)
    }
    await expect(nodes[0].get('key')).to.eventually.be.rejected.with.property('name', 'NotStartedError')
  })
})
