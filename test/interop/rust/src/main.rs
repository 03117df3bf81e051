//! Runs nodes of rust-libp2p's `kad` and does with them what it is told: one request a
//! line on stdin, one answer a line on stdout, both JSON, matched by their id. Requests run
//! at once. It ends when stdin does.
//!
//! ```text
//! -> {"id":1,"node":"a","do":"start","args":{"protocol":"/interop"}}
//! <- {"id":1,"ok":{"peer":"12D3Koo…","addrs":["/ip4/127.0.0.1/tcp/40001/p2p/12D3Koo…"]}}
//! -> {"id":2,"node":"a","do":"closest","args":{"key":"AAEC"}}
//! <- {"id":2,"ok":{"peers":[]}}
//! ```
//!
//! Bytes are base64. The first line of all tells what this is: `{"hello":{"versions":["libp2p 0.57.1"]}}`.

mod bytes;
mod driver;
mod hello;
mod lookups;
mod loopback;
mod node;
mod nodes;
mod operations;
mod options;
mod peers;
mod providers;
mod values;

use std::rc::Rc;

use nodes::{Nodes, Request};
use options::Options;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    task::{LocalSet, spawn_local},
};

/// Whatever may go wrong; it is only ever told.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let nodes = Rc::new(Nodes::new(Options::parse(std::env::args().skip(1))?));
    println!("{}", json!({ "hello": hello::hello() }));
    LocalSet::new().run_until(serve(nodes)).await
}

async fn serve(nodes: Rc<Nodes>) -> Result<(), Failure> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let request: Request = serde_json::from_str(&line)?;
        let nodes = nodes.clone();
        spawn_local(async move {
            let id = request.id;
            println!(
                "{}",
                match nodes.answer(request).await {
                    Ok(ok) => json!({ "id": id, "ok": ok }),
                    Err(failure) => json!({ "id": id, "error": failure.to_string() }),
                }
            );
        });
    }
    Ok(())
}
