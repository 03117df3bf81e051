/** Preloaded before the application: an attempt to leave this machine ends it. */
import dgram from 'node:dgram'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const { connect } = net.Socket.prototype

function refuse (what) {
  console.error(new Error(`${what}: only 127.0.0.1 may be contacted`))
  process.exit(1)
}

net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args // net.connect has them in order already
  const host = typeof options === 'object' ? options.host : args[1]
  return host === '127.0.0.1' ? connect.apply(this, args) : refuse(`a connection to ${host}`)
}

dgram.createSocket = () => refuse('datagrams')
syncBuiltinESMExports()
