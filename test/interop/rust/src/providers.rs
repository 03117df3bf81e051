use std::collections::BTreeSet;

use libp2p::kad::{GetProvidersOk, QueryResult};
use serde_json::{Value, json};

use crate::{Failure, lookups::find, node::Node, operations::HashArgs};

pub async fn provide(node: &Node, HashArgs { hash }: HashArgs) -> Result<Value, Failure> {
    for result in node.query(|kad| kad.start_providing(hash.0.into())).await? {
        if let QueryResult::StartProviding(result) = result {
            result?;
        }
    }
    Ok(Value::Null)
}

/// A query tells who provides, not where: each is looked for.
pub async fn find_providers(node: &Node, HashArgs { hash }: HashArgs) -> Result<Value, Failure> {
    let mut ids = BTreeSet::new();
    for result in node.query(|kad| Ok::<_, Failure>(kad.get_providers(hash.0.into()))).await? {
        if let QueryResult::GetProviders(result) = result
            && let GetProvidersOk::FoundProviders { providers, .. } = result?
        {
            ids.extend(providers);
        }
    }
    let mut providers = Vec::new();
    for id in ids {
        providers.push(find(node, id).await?);
    }
    Ok(json!({ "providers": providers }))
}
