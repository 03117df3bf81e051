use std::{rc::Rc, time::Duration};

use libp2p::{
    PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport,
    core::upgrade::Version,
    identify,
    identity::Keypair,
    kad::{self, QueryId, QueryResult, store::MemoryStore},
    noise,
    swarm::NetworkBehaviour,
    tcp, yamux,
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_local},
};

use crate::{Failure, bytes::Bytes, driver::Driver, loopback::LoopbackOnly, options::Options};

#[derive(Deserialize)]
pub struct NodeInit {
    /// Begins the protocol id, which ends in /kad/1.0.0.
    protocol: String,
    /// Client nodes only ask.
    #[serde(default)]
    client: bool,
    /// The identity, a private key in libp2p's protobuf; without, a fresh one.
    #[serde(default)]
    key: Option<Bytes>,
}

pub type Kad = kad::Behaviour<MemoryStore>;

#[derive(NetworkBehaviour)]
pub struct Behaviour {
    pub identify: identify::Behaviour,
    pub kad: Kad,
}

/// Something to do with the node, where nothing else happens with it meanwhile.
pub type Act = Box<dyn FnOnce(&mut Driver)>;

/// A running node. A task of its own drives it.
pub struct Node {
    acts: mpsc::UnboundedSender<Act>,
    task: JoinHandle<()>,
}

#[derive(Serialize)]
pub struct Whereabouts {
    pub peer: String,
    /// All end in `/p2p/<peer>`.
    pub addrs: Vec<String>,
}

impl Node {
    /// Resolves when the node listens.
    pub async fn start(init: NodeInit, options: Options) -> Result<(Rc<Self>, Whereabouts), Failure> {
        let swarm = swarm(init, options)?;
        let (listens, listening) = oneshot::channel();
        let (acts, to_do) = mpsc::unbounded_channel();
        let task = spawn_local(Driver::new(swarm, listens).run(to_do));
        let whereabouts = listening.await?;
        Ok((Rc::new(Node { acts, task }), whereabouts))
    }

    pub async fn stop(node: Rc<Self>) -> Result<(), Failure> {
        let node = Rc::into_inner(node).ok_or("this node still does something")?;
        drop(node.acts);
        Ok(node.task.await?)
    }

    pub async fn with<T: 'static>(&self, act: impl FnOnce(&mut Driver) -> T + 'static) -> Result<T, Failure> {
        let (done, result) = oneshot::channel();
        let act: Act = Box::new(move |driver| {
            let _ = done.send(act(driver)); // whoever asked may have given up
        });
        self.acts.send(act).map_err(|_| "this node is stopped")?;
        Ok(result.await?)
    }

    /// All that a query comes to.
    pub async fn query<E: Into<Failure> + 'static>(&self, start: impl FnOnce(&mut Kad) -> Result<QueryId, E> + 'static) -> Result<Vec<QueryResult>, Failure> {
        let mut progress = self.with(|driver| driver.query(start)).await?.map_err(Into::into)?;
        let mut results = Vec::new();
        while let Some(result) = progress.recv().await {
            results.push(result);
        }
        Ok(results)
    }
}

/// The texts of what a peer is, and where.
pub fn describe<'a>(peer: PeerId, addrs: impl IntoIterator<Item = &'a libp2p::Multiaddr>) -> Whereabouts {
    let addrs = addrs.into_iter().filter_map(|addr| addr.clone().with_p2p(peer).ok());
    Whereabouts {
        peer: peer.to_string(),
        addrs: addrs.map(|addr| addr.to_string()).collect(),
    }
}

fn swarm(init: NodeInit, options: Options) -> Result<Swarm<Behaviour>, Failure> {
    let key = match init.key {
        Some(Bytes(key)) if !key.is_empty() => Keypair::from_protobuf_encoding(&key)?,
        _ => Keypair::generate_ed25519(),
    };
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_other_transport(|key| -> Result<_, Failure> {
            Ok(LoopbackOnly(tcp::tokio::Transport::default())
                .upgrade(Version::V1Lazy)
                .authenticate(noise::Config::new(key)?)
                .multiplex(yamux::Config::default()))
        })?
        .with_behaviour(|key| Behaviour::new(key, &init.protocol, options))?
        .with_swarm_config(|config| match options.idle {
            Some(idle) => config.with_idle_connection_timeout(idle),
            None => config,
        })
        .build();
    let mode = if init.client { kad::Mode::Client } else { kad::Mode::Server };
    swarm.behaviour_mut().kad.set_mode(Some(mode));
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    Ok(swarm)
}

impl Behaviour {
    fn new(key: &Keypair, prefix: &str, options: Options) -> Result<Self, Failure> {
        let id = key.public().to_peer_id();
        let mut config = kad::Config::new(StreamProtocol::try_from_owned(format!("{prefix}/kad/1.0.0"))?);
        if let Some(bytes) = options.max_message {
            config.set_max_packet_size(bytes);
        }
        // lookups happen when the tests say so
        config.set_periodic_bootstrap_interval(None);
        // what a node of the tests says of itself does not change
        let identify = identify::Config::new("kadmium/tests".into(), key.public()).with_interval(Duration::from_secs(3600));
        Ok(Behaviour {
            identify: identify::Behaviour::new(identify),
            kad: kad::Behaviour::with_config(id, MemoryStore::new(id), config),
        })
    }
}
