import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { askState } from '../../src/cli/control-client.ts'
import { openControl } from '../../src/cli/control-server.ts'
import { VirtualClock } from '../../src/hosts/memory/virtual-clock.ts'
import type { Control } from '../../src/cli/control-server.ts'

describe('the socket of a node that runs', () => {
  let folder: string
  let clock: VirtualClock
  let control: Control

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kadmium-cli-'))
    clock = new VirtualClock()
    control = await openControl(folder, new Map([['state', async () => {
      await clock.advance(3_600_000)
      return 'late'
    }]]), clock)
  })

  afterEach(async () => {
    await control.close()
    await rm(folder, { recursive: true })
  })

  it('is answered however long that takes: a full store, a slow machine', async () => {
    expect(await askState(folder, new AbortController().signal)).to.equal('late')
    expect(clock.pending, 'timers left').to.equal(0)
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
