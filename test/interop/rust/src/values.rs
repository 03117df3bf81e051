use std::{iter, time::Instant};

use libp2p::{
    PeerId,
    kad::{GetRecordError, GetRecordOk, PeerRecord, PutRecordError, QueryResult, Quorum, Record},
};
use serde_json::{Value, json};

use crate::{
    Failure,
    bytes::Bytes,
    node::Node,
    operations::{KeyArgs, KeyAtArgs, PutArgs},
};

/// With less than all for a quorum it would be done before all have answered. It succeeds if anybody
/// keeps the value: there may not be as many as are asked for.
pub async fn put(node: &Node, PutArgs { key, value, .. }: PutArgs) -> Result<Value, Failure> {
    let record = Record::new(key.0, value.0);
    stored(node.query(|kad| kad.put_record(record, Quorum::All)).await?)
}

pub async fn put_at(node: &Node, PutArgs { peer, key, value }: PutArgs) -> Result<Value, Failure> {
    let id: PeerId = peer.parse()?;
    let record = Record::new(key.0, value.0);
    stored(
        node.query(move |kad| Ok::<_, Failure>(kad.put_record_to(record, iter::once(id), Quorum::One)))
            .await?,
    )
}

fn stored(results: Vec<QueryResult>) -> Result<Value, Failure> {
    for result in results {
        match result {
            QueryResult::PutRecord(Err(PutRecordError::QuorumFailed { success, .. })) if !success.is_empty() => {}
            QueryResult::PutRecord(result) => drop(result?),
            _ => {}
        }
    }
    Ok(Value::Null)
}

/// Which record is the best is not the library's business; in the tests it is the longest.
pub async fn get(node: &Node, KeyArgs { key }: KeyArgs) -> Result<Value, Failure> {
    let found = found(node, key).await?;
    let best = found.into_iter().max_by_key(|found| found.record.value.len());
    Ok(json!({ "value": best.map(|best| Bytes(best.record.value)) }))
}

/// What `peer` answers when everybody is asked: there are no requests to a single peer.
pub async fn get_at(node: &Node, KeyAtArgs { peer, key }: KeyAtArgs) -> Result<Value, Failure> {
    let id: PeerId = peer.parse()?;
    let answer = found(node, key)
        .await?
        .into_iter()
        .find(|found| found.peer == Some(id))
        .map(|found| found.record);
    let ttl = answer
        .as_ref()
        .and_then(|record| record.expires)
        .map(|at| at.saturating_duration_since(Instant::now()).as_secs());
    Ok(json!({ "value": answer.map(|record| Bytes(record.value)), "ttl": ttl }))
}

async fn found(node: &Node, key: Bytes) -> Result<Vec<PeerRecord>, Failure> {
    let mut found = Vec::new();
    for result in node.query(|kad| Ok::<_, Failure>(kad.get_record(key.0.into()))).await? {
        match result {
            QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(record))) => found.push(record),
            QueryResult::GetRecord(Err(err @ GetRecordError::Timeout { .. })) => return Err(err.into()),
            _ => {}
        }
    }
    Ok(found)
}
