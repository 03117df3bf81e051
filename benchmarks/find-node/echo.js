import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { seededBytes } from '../harness/seeded.js'
import { createHost } from '../networks/libp2p.js'

const PROTOCOL = '/benchmark/echo/1.0.0'

/**
 * A connection on which every frame is answered with another, and nothing else is done.
 *
 * @param {object} init
 * @param {'socket' | 'libp2p'} init.over
 * @param {Uint8Array} init.request - a frame
 * @param {Uint8Array} init.answer - a frame
 * @param {number} init.seed
 */
export async function open ({ over, request, answer, seed }) {
  const asker = over === 'socket' ? await overSocket(answer) : await overLibp2p(answer, seed)
  const waiting = []
  asker.onFrame(() => { waiting.shift()() })
  return {
    asks: {
      echo: async () => new Promise(resolve => {
        waiting.push(resolve)
        asker.send(request)
      })
    }
  }
}

async function overSocket (answer) {
  const answerTo = () => encode.single(answer)
  const server = createServer({ noDelay: true }, socket => {
    pipe(
      socket,
      decode,
      async function * (requests) {
        for await (const request of requests) {
          yield answerTo(request)
        }
      },
      async answers => {
        for await (const answer of answers) {
          if (!socket.write(answer.subarray())) {
            await once(socket, 'drain')
          }
        }
      }
    )
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const socket = connect({ port: server.address().port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return {
    send: frame => { socket.write(encode.single(frame).subarray()) },
    onFrame: then => { pipe(socket, decode, each(then)) }
  }
}

async function overLibp2p (answer, seed) {
  const answerTo = () => encode.single(answer)
  const bytes = seededBytes(seed)
  const server = await createHost({ transport: 'tcp', seed: bytes() })
  await server.handle(PROTOCOL, async stream => {
    for await (const request of decode(stream)) {
      if (!stream.send(answerTo(request))) {
        await new Promise(resolve => stream.addEventListener('drain', resolve, { once: true }))
      }
    }
  })
  const client = await createHost({ transport: 'tcp', seed: bytes() })
  const stream = await client.dialProtocol(server.getMultiaddrs(), PROTOCOL)
  return {
    send: frame => { stream.send(encode.single(frame)) },
    onFrame: then => { pipe(stream, decode, each(then)) }
  }
}

function each (then) {
  return async frames => {
    for await (const frame of frames) {
      then(frame)
    }
  }
}
