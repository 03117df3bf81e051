import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export enum Mode {
  CLIENT = 'CLIENT',
  SERVER = 'SERVER'
}

enum __ModeValues {
  CLIENT = 0,
  SERVER = 1
}

export namespace Mode {
  export const codec = (): Codec<Mode> => {
    return enumeration<Mode>(__ModeValues)
  }
}

export enum Refusal {
  NONE = 'NONE',
  OTHER_NETWORK = 'OTHER_NETWORK',
  NOT_SERVING = 'NOT_SERVING',
  SELF = 'SELF'
}

enum __RefusalValues {
  NONE = 0,
  OTHER_NETWORK = 1,
  NOT_SERVING = 2,
  SELF = 3
}

export namespace Refusal {
  export const codec = (): Codec<Refusal> => {
    return enumeration<Refusal>(__RefusalValues)
  }
}

export interface Hello {
  network: string
  mode: Mode
  peer: Uint8Array<ArrayBuffer>
  addrs: Uint8Array<ArrayBuffer>[]
  observed: Uint8Array<ArrayBuffer>
  agent: string
  refusal: Refusal
}

export namespace Hello {
  let _codec: Codec<Hello>

  export const codec = (): Codec<Hello> => {
    if (_codec == null) {
      _codec = message<Hello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.network != null && obj.network !== '')) {
          w.uint32(10)
          w.string(obj.network)
        }

        if (obj.mode != null && __ModeValues[obj.mode] !== 0) {
          w.uint32(16)
          Mode.codec().encode(obj.mode, w)
        }

        if ((obj.peer != null && obj.peer.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.peer)
        }

        if (obj.addrs != null && obj.addrs.length > 0) {
          for (const value of obj.addrs) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if ((obj.observed != null && obj.observed.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.observed)
        }

        if ((obj.agent != null && obj.agent !== '')) {
          w.uint32(50)
          w.string(obj.agent)
        }

        if (obj.refusal != null && __RefusalValues[obj.refusal] !== 0) {
          w.uint32(56)
          Refusal.codec().encode(obj.refusal, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          network: '',
          mode: Mode.CLIENT,
          peer: uint8ArrayAlloc(0),
          addrs: [],
          observed: uint8ArrayAlloc(0),
          agent: '',
          refusal: Refusal.NONE
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.network = reader.string()
              break
            }
            case 2: {
              obj.mode = Mode.codec().decode(reader)
              break
            }
            case 3: {
              obj.peer = reader.bytes()
              break
            }
            case 4: {
              if (opts.limits?.addrs != null && obj.addrs.length === opts.limits.addrs) {
                throw new MaxLengthError('Decode error - repeated field "addrs" had too many elements')
              }

              obj.addrs.push(reader.bytes())
              break
            }
            case 5: {
              obj.observed = reader.bytes()
              break
            }
            case 6: {
              obj.agent = reader.string()
              break
            }
            case 7: {
              obj.refusal = Refusal.codec().decode(reader)
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addrs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.network`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.mode`,
                value: Mode.codec().decode(reader)
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.peer`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              if (opts.limits?.addrs != null && obj.addrs === opts.limits.addrs) {
                throw new MaxLengthError('Streaming decode error - repeated field "addrs" had too many elements')
              }

              yield {
                field: `${prefix}.addrs[]`,
                index: obj.addrs,
                value: reader.bytes()
              }

              obj.addrs++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.observed`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.agent`,
                value: reader.string()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.refusal`,
                value: Refusal.codec().decode(reader)
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HelloNetworkFieldEvent {
    field: '$.network'
    value: string
  }

  export interface HelloModeFieldEvent {
    field: '$.mode'
    value: Mode
  }

  export interface HelloPeerFieldEvent {
    field: '$.peer'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloAddrsFieldEvent {
    field: '$.addrs[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloObservedFieldEvent {
    field: '$.observed'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloAgentFieldEvent {
    field: '$.agent'
    value: string
  }

  export interface HelloRefusalFieldEvent {
    field: '$.refusal'
    value: Refusal
  }

  export function encode (obj: Partial<Hello>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Hello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello {
    return decodeMessage(buf, Hello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloNetworkFieldEvent | HelloModeFieldEvent | HelloPeerFieldEvent | HelloAddrsFieldEvent | HelloObservedFieldEvent | HelloAgentFieldEvent | HelloRefusalFieldEvent> {
    return streamMessage(buf, Hello.codec(), opts)
  }
}
