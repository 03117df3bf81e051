import { say } from '../helpers/say.ts'
import { buildPeers } from './external/built.ts'
import { EXTERNAL } from './external/kinds.ts'
import { liveReport } from './external/matrix.ts'
import { innocents } from './live-innocents.ts'
import { lives } from './live-life.ts'
import { limits } from './live-limit.ts'
import { oneNetworkOfAll } from './live-network.ts'
import { pairs } from './live-pair.ts'
import { refusals } from './live-refusals.ts'
import { restarts } from './live-restart.ts'
import { idleStreams, streams } from './live-streams.ts'

const built = buildPeers()

if (built.length > 0) {
  describe('other live implementations', () => {
    after(() => {
      say(`\n${liveReport()}`)
    })

    for (const peer of built) {
      pairs(peer)
      streams(peer)
      idleStreams(peer)
      refusals(peer)
      innocents(peer)
      lives(peer)
      restarts(peer)
      if (EXTERNAL[peer.kind].roomy.length > 0) {
        limits(peer)
      }
    }
    oneNetworkOfAll(built)
  })
}
