import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Bytes that ask for a value, or tell that it came. */
const NOTE = new Uint8Array(64)

// Bytes over one socket and nothing else: no frame, nothing kept. The other side is told how many come, counts them, and answers with as many of its own as it is to.
export async function open () {
  const move = await connection()
  return {
    there: async value => move(value, NOTE),
    back: async size => move(NOTE, ownBytes(size)),
    thereAndBack: async value => move(value, ownBytes(value.byteLength))
  }
}

const own = new Map()

// what the other side has to give
function ownBytes (size) {
  if (!own.has(size)) {
    own.set(size, new Uint8Array(size).fill(7))
  }
  return own.get(size)
}

// a socket to one who answers all of `bytes` with `answer`
async function connection () {
  const left = { there: 0, back: 0 }
  let answer
  let done
  const server = createServer({ noDelay: true }, socket => {
    socket.on('data', chunk => {
      left.there -= chunk.byteLength
      if (left.there === 0) {
        socket.write(answer)
      }
    })
  })
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const socket = connect({ port: server.address().port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.on('data', chunk => {
    left.back -= chunk.byteLength
    if (left.back === 0) {
      done()
    }
  })
  return async (bytes, expected) => new Promise(resolve => {
    left.there = bytes.byteLength
    left.back = expected.byteLength
    answer = expected
    done = resolve
    socket.write(bytes)
  })
}
