import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/wire/codec.ts'
import { GO_MESSAGES } from './go-messages.ts'
import { plain } from './plain.ts'
import type { GoMessage, GoPeer } from './go-messages.ts'
import type { PeerInfo } from '../../src/keyspace/contact.ts'
import type { ValueRecord } from '../../src/record/record.ts'
import type { Request, Response } from '../../src/wire/rpc.ts'

const limits = { maxRecordSize: 64 * 1024 }

function bytes (base64: string): Uint8Array {
  return fromString(base64, 'base64pad')
}

function peersOf (list: readonly GoPeer[]): PeerInfo[] {
  return list.map(({ id, addrs }) => ({ id: bytes(id), addrs: addrs.map(bytes) }))
}

function recordOf ({ record }: GoMessage): ValueRecord | undefined {
  if (record == null) {
    return undefined
  }
  const timeReceived = record.timeReceived === '' ? {} : { timeReceived: Math.floor(Date.parse(record.timeReceived)) }
  const ttl = record.ttl == null ? {} : { ttl: record.ttl * 1000 }
  return { key: bytes(record.key), value: bytes(record.value), ...timeReceived, ...ttl }
}

/** What the message is when it asks; undefined: it can only be an answer. */
function requestOf (message: GoMessage): Request | undefined {
  const key = bytes(message.key)
  const record = recordOf(message)
  switch (message.type) {
    case 'PING': return { type: 'ping' }
    case 'FIND_NODE': return key.byteLength === 0 ? undefined : { type: 'find-node', target: key }
    case 'GET_VALUE': return message.closer.length > 0 ? undefined : { type: 'get-value', key }
    case 'PUT_VALUE': return record == null ? undefined : { type: 'put-value', record }
    case 'GET_PROVIDERS': return message.name.includes('answered') ? undefined : { type: 'get-providers', key }
    case 'ADD_PROVIDER': return { type: 'add-provider', key, providers: peersOf(message.providers) }
    default: throw new Error(`a message of type ${message.type}`)
  }
}

/** What it is when it answers, and a request that it answers. */
function exchangeOf (message: GoMessage): [Request, Response] | undefined {
  const key = bytes(message.key)
  const record = recordOf(message)
  const closer = peersOf(message.closer)
  switch (message.type) {
    case 'PING': return [{ type: 'ping' }, { type: 'ping' }]
    case 'FIND_NODE': return key.byteLength > 0 ? undefined : [{ type: 'find-node', target: Uint8Array.of(1) }, { type: 'find-node', closer }]
    case 'GET_VALUE': return message.closer.length === 0 ? undefined : [{ type: 'get-value', key }, { type: 'get-value', key, ...record == null ? {} : { record }, closer }]
    case 'PUT_VALUE': return record == null ? undefined : [{ type: 'put-value', record }, { type: 'put-value', record }]
    case 'GET_PROVIDERS': return message.name.includes('answered') ? [{ type: 'get-providers', key }, { type: 'get-providers', key, providers: peersOf(message.providers), closer }] : undefined
    default: return undefined
  }
}

/** Do we write every field that go writes? We leave out whether it is connected, its cluster level, and what of a time is finer than a millisecond. */
function isAllOurs (message: GoMessage): boolean {
  return [...message.closer, ...message.providers].every(({ connection }) => connection === 0) &&
    message.clusterLevel === 0 && (message.record?.timeReceived ?? '') === ''
}

describe('wire/codec beside go-libp2p-kad-dht', () => {
  it('has messages of every type, asking and answering', () => {
    const types = (list: readonly GoMessage[]): string[] => [...new Set(list.map(({ type }) => type))].sort()
    expect(types(GO_MESSAGES)).to.have.lengthOf(6)
    expect(types(GO_MESSAGES.filter(message => requestOf(message) != null))).to.have.lengthOf(6)
    expect(types(GO_MESSAGES.filter(message => exchangeOf(message) != null))).to.have.lengthOf(5)
  })

  for (const message of GO_MESSAGES) {
    it(`reads ${message.name}`, () => {
      const request = requestOf(message)
      if (request != null) {
        const from = request.type === 'add-provider' ? request.providers[0].id : bytes('')
        expect(plain(decodeRequest(bytes(message.bytes), from, limits))).to.deep.equal(request)
      }
      const exchange = exchangeOf(message)
      if (exchange != null) {
        expect(plain(decodeResponse(bytes(message.bytes), exchange[0]))).to.deep.equal(exchange[1])
      }
      expect(request ?? exchange).to.not.equal(undefined)
    })
  }

  for (const message of GO_MESSAGES.filter(isAllOurs)) {
    it(`writes ${message.name} as go does`, () => {
      const request = requestOf(message)
      const exchange = exchangeOf(message)
      if (request != null) {
        expect(encodeRequest(request)).to.equalBytes(bytes(message.bytes))
      }
      if (exchange != null) {
        expect(encodeResponse(exchange[1])).to.equalBytes(bytes(message.bytes))
      }
    })
  }
})
