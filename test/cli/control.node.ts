import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { askNode } from '../../src/cli/control-client.ts'
import { openControl } from '../../src/cli/control-server.ts'
import { MAX_VALUE_SIZE } from '../../src/dht/config.ts'
import { GET_DEADLINE_MS, PUT_DEADLINE_MS } from '../../src/dht/deadlines.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import { ValueTooLargeError } from '../../src/record/invalid-record.ts'
import type { Control, ControlHandler } from '../../src/cli/control-server.ts'

/** Of who does not go away. */
const never = new AbortController().signal

describe('the socket of a node that runs', () => {
  let folder: string
  let clock: VirtualClock
  let control: Control
  /** Whoever asked for work has gone, and the work knows it. */
  let left: Promise<void>
  let leave: () => void

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-'))
    clock = new VirtualClock()
    left = new Promise(resolve => { leave = resolve })
    control = await openControl(folder, new Map<string, ControlHandler>([
      ['state', async () => {
        await clock.advance(3_600_000)
        return 'late'
      }],
      ['work', async (_request, signal) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => { reject(signal.reason) })
        signal.addEventListener('abort', leave)
      })],
      ['put', async () => {
        await clock.advance(GET_DEADLINE_MS + PUT_DEADLINE_MS)
        return 'kept'
      }],
      ['refuse', async () => { throw new ValueTooLargeError('too much') }],
      ['repeat', async request => request]
    ]), clock)
  })

  afterEach(async () => {
    await control.close()
    await rm(folder, { recursive: true })
  })

  it('is answered however long that takes: a full store, a slow machine', async () => {
    expect(await askNode(folder, { type: 'state' }, never)).to.equal('late')
    expect(clock.pending, 'timers left').to.equal(0)
  })

  it('is waited for as long as the longest work takes: to find the newest version of a mutable value, and to put the next', async () => {
    expect(await askNode(folder, { type: 'put' }, never, clock)).to.equal('kept')
  })

  it('tells the work for an asker when that has gone', async () => {
    const asker = new AbortController()
    const asked = askNode(folder, { type: 'work' }, asker.signal)
    await expectTimer()
    asker.abort(new Error('Ctrl-C'))
    await expect(asked).to.eventually.be.rejectedWith('Ctrl-C')
    await left
  })

  it('tells why it refuses', async () => {
    await expect(askNode(folder, { type: 'refuse' }, never)).to.eventually.be.rejectedWith(`the node in ${folder} says: too much`).with.property('name', 'ValueTooLargeError')
    await expect(askNode(folder, { type: 'more' }, never)).to.eventually.be.rejectedWith('knows no request "more", only state, work, put, refuse, repeat').with.property('name', 'UsageError')
  })

  it('takes the largest value in base64, and closes to more', async () => {
    const repeated = { type: 'repeat', value: 'x'.repeat(Math.ceil(MAX_VALUE_SIZE * 4 / 3)) }
    expect(await askNode(folder, repeated, never)).to.deep.equal(repeated)
    const socket = connect(join(folder, 'control.sock'))
    socket.on('error', () => {}) // it may be a reset
    socket.write(Buffer.alloc(2 * MAX_VALUE_SIZE + 1, 'x'))
    await once(socket.resume(), 'close')
  })

  it('is taken away when it is closed, but not that of another node in a new folder of that name', async () => {
    await rename(folder, `${folder}.old`)
    await mkdir(folder)
    const other = await openControl(folder, new Map([['state', async () => 'the other']]), clock)
    await control.close()
    expect(await askNode(folder, { type: 'state' }, never)).to.equal('the other')
    await other.close()
    expect(await readdir(folder)).to.deep.equal([])
    await rm(`${folder}.old`, { recursive: true })
  })

  it('takes objects alone', async () => {
    for (const line of ['null', '7', '{']) {
      const socket = connect(join(folder, 'control.sock'))
      socket.write(`${line}\n`)
      const [reply] = await once(socket, 'data')
      expect(JSON.parse(String(reply)).error.name).to.be.oneOf(['UsageError', 'SyntaxError'])
      socket.destroy()
    }
  })

  it('is closed to who asks nothing for half a minute', async () => {
    const socket = connect(join(folder, 'control.sock'))
    socket.on('error', () => {}) // it may be a reset
    await once(socket, 'connect')
    socket.write('{"type"')
    await expectTimer()
    await clock.advance(30_000)
    await once(socket.resume(), 'close')
  })

  /** The node has noticed who is there. */
  async function expectTimer (): Promise<void> {
    while (clock.pending === 0) {
      await new Promise(resolve => { setImmediate(resolve) })
    }
  }
})
