use libp2p::{
    Multiaddr, PeerId,
    multiaddr::Protocol,
    swarm::dial_opts::{DialOpts, PeerCondition},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Failure, node::Node, operations::PeerArgs};

#[derive(Deserialize)]
pub struct ConnectArgs {
    addr: Multiaddr,
}

pub async fn connect(node: &Node, ConnectArgs { addr }: ConnectArgs) -> Result<Value, Failure> {
    let Some(Protocol::P2p(peer)) = addr.iter().last() else {
        return Err(format!("{addr} does not tell whose it is").into());
    };
    let dialled = node
        .with(move |driver| {
            let opts = DialOpts::peer_id(peer).addresses(vec![addr]).condition(PeerCondition::Always).build();
            (!driver.swarm.is_connected(&peer)).then(|| driver.dial(opts))
        })
        .await?;
    if let Some(dialled) = dialled {
        dialled.await??;
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
pub struct EndArgs {
    how: String,
}

/// Ends every stream. Nobody outside `kad` can end a single one, so that is done with the connections.
pub async fn end_streams(node: &Node, EndArgs { how }: EndArgs) -> Result<Value, Failure> {
    if how != "disconnect" {
        return Err(format!("no way to end a stream: {how:?}").into());
    }
    node.with(|driver| {
        let peers: Vec<PeerId> = driver.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = driver.swarm.disconnect_peer_id(peer); // it may be gone already
        }
    })
    .await?;
    Ok(Value::Null)
}

/// What a peer said of itself.
pub async fn identified(node: &Node, PeerArgs { peer }: PeerArgs) -> Result<Value, Failure> {
    let id: PeerId = peer.parse()?;
    let info = node.with(move |driver| driver.identified.get(&id).cloned()).await?;
    let info = info.ok_or_else(|| format!("{peer} is not identified yet"))?;
    let protocols: Vec<&str> = info.protocols.iter().map(AsRef::as_ref).collect();
    Ok(json!({ "agent": info.agent_version, "protocols": protocols, "addrs": info.listen_addrs }))
}

pub async fn table(node: &Node) -> Result<Value, Failure> {
    let peers: Vec<String> = node
        .with(|driver| {
            let buckets = driver.kad().kbuckets();
            buckets
                .flat_map(|bucket| bucket.iter().map(|entry| entry.node.key.preimage().to_string()).collect::<Vec<_>>())
                .collect()
        })
        .await?;
    Ok(json!({ "peers": peers }))
}

/// `kad` does not tell on which streams requests came.
pub async fn counts(node: &Node) -> Result<Value, Failure> {
    let requests = node.with(|driver| driver.requests.clone()).await?;
    Ok(json!({ "requests": requests }))
}
