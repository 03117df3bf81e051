import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Bytes over one socket and nothing else: no frame, nothing kept. The other side knows how
 * many come, counts them, and answers with as many of its own as it is to.
 *
 * @param {object} init
 * @param {number} init.size - bytes of a value
 */
export async function open ({ size }) {
  const value = new Uint8Array(size).fill(7)
  const note = new Uint8Array(NOTE_BYTES)
  const there = await connection(size, note)
  const back = await connection(NOTE_BYTES, value)
  const thereAndBack = await connection(size, value)
  return {
    there: async value => there(value, NOTE_BYTES),
    back: async () => back(note, size),
    thereAndBack: async value => thereAndBack(value, size)
  }
}

/** Bytes that ask for a value, or tell that it came. */
const NOTE_BYTES = 64

// a socket to one who answers each `expected` bytes with `answer`
async function connection (expected, answer) {
  const server = createServer({ noDelay: true }, socket => {
    let left = expected
    socket.on('data', chunk => {
      left -= chunk.byteLength
      if (left === 0) {
        left = expected
        socket.write(answer)
      }
    })
  })
  await new Promise(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const socket = connect({ port: server.address().port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let left = 0
  let done
  socket.on('data', chunk => {
    left -= chunk.byteLength
    if (left === 0) {
      done()
    }
  })
  return async (bytes, expected) => new Promise(resolve => {
    left = expected
    done = resolve
    socket.write(bytes)
  })
}
