/**
 * Something that happened on the in-memory network. The same seed and the same work
 * give the same events, one for one.
 *
 * - `dial`: a host dials another, to open a stream or to identify it
 * - `open`: the dial arrived, and a handler was given the stream
 * - `identify`: the dial arrived, and was told who is there
 * - `refuse`: the dial arrived where nobody listens, somebody else does, or the protocol is not served
 * - `data`: bytes arrived
 * - `close`: the end of one direction arrived
 * - `reset`: the reset of a stream arrived
 * - `lost`: a dial, or anything else on a stream, did not arrive: for bad luck, a partition or a crash
 */
export interface NetworkEvent {
  readonly type: 'dial' | 'open' | 'identify' | 'refuse' | 'data' | 'close' | 'reset' | 'lost'
  /** When, by the network's clock: milliseconds since the Unix epoch. */
  readonly time: number
  /** The `<n>` of the sender's address `/memory/<n>`. */
  readonly from: number
  /** The `<n>` of the receiver's address. */
  readonly to: number
  /** Bytes of the stream: 0 but for `data`, and for `lost` data. */
  readonly bytes: number
}
