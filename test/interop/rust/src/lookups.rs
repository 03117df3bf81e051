use libp2p::{
    Multiaddr, PeerId,
    kad::{PeerInfo, QueryResult},
};
use serde_json::{Value, json};

use crate::{
    Failure,
    node::{Kad, Node, Whereabouts, describe},
    operations::{KeyArgs, PeerArgs},
};

pub async fn closest(node: &Node, KeyArgs { key }: KeyArgs) -> Result<Value, Failure> {
    let peers = closest_peers(node, key.0).await?;
    let ids: Vec<String> = peers.iter().map(|info| info.peer_id.to_string()).collect();
    Ok(json!({ "peers": ids }))
}

pub async fn find_peer(node: &Node, PeerArgs { peer }: PeerArgs) -> Result<Value, Failure> {
    Ok(serde_json::to_value(find(node, peer.parse()?).await?)?)
}

/// There is no other way to find a peer than to look for those closest to it: it is one of them if
/// it answers. Where it is, others have told, or the routing table knows.
pub async fn find(node: &Node, id: PeerId) -> Result<Whereabouts, Failure> {
    let answered = closest_peers(node, id.to_bytes()).await?.into_iter().find(|info| info.peer_id == id);
    let Some(PeerInfo { addrs: told, .. }) = answered else {
        return Ok(describe(id, []));
    };
    let known = node.with(move |driver| addresses(driver.kad(), id)).await?;
    Ok(describe(id, told.iter().chain(&known)))
}

/// Those in the routing table.
fn addresses(kad: &mut Kad, id: PeerId) -> Vec<Multiaddr> {
    let bucket = kad.kbucket(id);
    let entries = bucket.iter().flat_map(|bucket| bucket.iter());
    entries
        .filter(|entry| *entry.node.key.preimage() == id)
        .flat_map(|entry| entry.node.value.iter().cloned())
        .collect()
}

async fn closest_peers(node: &Node, key: Vec<u8>) -> Result<Vec<PeerInfo>, Failure> {
    let mut peers = Vec::new();
    for result in node.query(|kad| Ok::<_, Failure>(kad.get_closest_peers(key))).await? {
        if let QueryResult::GetClosestPeers(result) = result {
            peers.extend(result?.peers);
        }
    }
    Ok(peers)
}
