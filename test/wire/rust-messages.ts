// Messages as libp2p-kad 0.49 writes them, caught between its nodes and one of ours. Bytes are base64.

/** The multihash of the peer that is named in them: by its address, as a provider, as a publisher. */
export const RUST_PEER = 'ACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w='

/** Where it listens: `/ip4/127.0.0.1/tcp/33515/p2p/…` in binary, as rust tells addresses. */
export const RUST_ADDR = 'BH8AAAEGguulAyYAJAgBEiCKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXA=='

export const RUST_MESSAGES = {
  findNodeAsked: 'CAQSIgAgyT+Sg64TCz9C61LLiVArBTQCwZTgYBlnvncIqh7aJ4VQCg==',
  /** With one peer. */
  findNodeAnswered: 'CARCXQomACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1wSMQR/AAABBoLrpQMmACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1wYAVAJ',
  /** Key `/v/rust`, value `value`, to live for 48 h. */
  putAsked: 'Egcvdi9ydXN0GhUKBy92L3J1c3QSBXZhbHVlyDD/xQo=',
  /** To our PUT_VALUE of `ours` under `/v/ours`, to live for 600 s. */
  putAnswered: 'Egcvdi9vdXJzGg8KBy92L291cnMSBG91cnM=',
  getAsked: 'CAESBy92L3J1c3RQCg==',
  /** With a record of its publisher, and one peer. */
  getAnsweredWithPublished: 'CAEaPgoHL3YvcnVzdBIFdmFsdWXSKSYAJAgBEiCKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXMgw/sUKQl0KJgAkCAESIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29cEjEEfwAAAQaC66UDJgAkCAESIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29cGAFQCQ==',
  /** With our record of before, a moment later, and one peer. */
  getAnsweredWithOurs: 'CAEaEwoHL3Yvb3VycxIEb3Vyc8gw1wRCXQomACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1wSMQR/AAABBoLrpQMmACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1wYAVAJ',
  providersAsked: 'CAMSIhIgBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwdQCg==',
  /** With one provider, and one peer. */
  providersAnswered: 'CANCXQomACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1wSMQR/AAABBoLrpQMmACQIARIgiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1wYAUpdCiYAJAgBEiCKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXBIxBH8AAAEGguulAyYAJAgBEiCKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXBgBUAk='
}
