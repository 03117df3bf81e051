use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    Failure,
    node::{Node, NodeInit},
    operations::operate,
    options::Options,
};

/// Bounds what one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
pub struct Request {
    pub id: u64,
    node: String,
    r#do: String,
    #[serde(default)]
    args: Value,
}

/// The running nodes by the names that they were started with.
pub struct Nodes {
    options: Options,
    by_name: RefCell<HashMap<String, Rc<Node>>>,
}

impl Nodes {
    pub fn new(options: Options) -> Self {
        Nodes {
            options,
            by_name: RefCell::default(),
        }
    }

    pub async fn answer(&self, request: Request) -> Result<Value, Failure> {
        timeout(REQUEST_TIMEOUT, self.carry_out(request)).await?
    }

    async fn carry_out(&self, Request { node, r#do, args, .. }: Request) -> Result<Value, Failure> {
        match r#do.as_str() {
            "start" => self.start(node, serde_json::from_value(args)?).await,
            "stop" => {
                let running = self.by_name.borrow_mut().remove(&node).ok_or_else(|| unknown(&node))?;
                Node::stop(running).await?;
                Ok(Value::Null)
            }
            operation => {
                let running = self.by_name.borrow().get(&node).cloned().ok_or_else(|| unknown(&node))?;
                operate(&running, operation, args).await
            }
        }
    }

    async fn start(&self, name: String, init: NodeInit) -> Result<Value, Failure> {
        let (node, whereabouts) = Node::start(init, self.options).await?;
        self.by_name.borrow_mut().insert(name, node);
        Ok(serde_json::to_value(whereabouts)?)
    }
}

fn unknown(name: &str) -> Failure {
    format!("no node {name:?} runs").into()
}
