use serde::Deserialize;
use serde_json::Value;

use crate::{Failure, bytes::Bytes, lookups, node::Node, peers, providers, values};

#[derive(Deserialize)]
pub struct PeerArgs {
    pub peer: String,
}

#[derive(Deserialize)]
pub struct KeyArgs {
    pub key: Bytes,
}

/// A request to a single peer, or what it answered.
#[derive(Deserialize)]
pub struct KeyAtArgs {
    pub peer: String,
    pub key: Bytes,
}

#[derive(Deserialize)]
pub struct PutArgs {
    /// Who is told, if a single one is.
    #[serde(default)]
    pub peer: String,
    pub key: Bytes,
    pub value: Bytes,
}

#[derive(Deserialize)]
pub struct HashArgs {
    pub hash: Bytes,
}

/// What a running node can be told to do.
pub async fn operate(node: &Node, operation: &str, args: Value) -> Result<Value, Failure> {
    match operation {
        "connect" => peers::connect(node, serde_json::from_value(args)?).await,
        "endStreams" => peers::end_streams(node, serde_json::from_value(args)?).await,
        "identify" => peers::identified(node, serde_json::from_value(args)?).await,
        "table" => peers::table(node).await,
        "counts" => peers::counts(node).await,
        "closest" => lookups::closest(node, serde_json::from_value(args)?).await,
        "findPeer" => lookups::find_peer(node, serde_json::from_value(args)?).await,
        "put" => values::put(node, serde_json::from_value(args)?).await,
        "putAt" => values::put_at(node, serde_json::from_value(args)?).await,
        "get" => values::get(node, serde_json::from_value(args)?).await,
        "getAt" => values::get_at(node, serde_json::from_value(args)?).await,
        "provide" => providers::provide(node, serde_json::from_value(args)?).await,
        "findProviders" => providers::find_providers(node, serde_json::from_value(args)?).await,
        _ => Err(format!("no operation {operation:?}").into()),
    }
}
