use std::collections::{BTreeMap, HashMap};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm, identify,
    kad::{self, InboundRequest, QueryId, QueryResult},
    swarm::{ConnectionId, DialError, SwarmEvent, dial_opts::DialOpts},
};
use tokio::{
    select,
    sync::{mpsc, oneshot},
};

use crate::node::{Act, Behaviour, BehaviourEvent, Kad, Whereabouts, describe};

/// What goes on in a node, and who waits for it.
pub struct Driver {
    pub swarm: Swarm<Behaviour>,
    /// What connected peers said of themselves.
    pub identified: HashMap<PeerId, identify::Info>,
    /// Requests that came in, by type.
    pub requests: BTreeMap<&'static str, u32>,
    listens: Option<oneshot::Sender<Whereabouts>>,
    dials: HashMap<ConnectionId, oneshot::Sender<Result<(), DialError>>>,
    queries: HashMap<QueryId, mpsc::UnboundedSender<QueryResult>>,
}

impl Driver {
    pub fn new(swarm: Swarm<Behaviour>, listens: oneshot::Sender<Whereabouts>) -> Self {
        Driver {
            swarm,
            identified: HashMap::new(),
            requests: BTreeMap::new(),
            listens: Some(listens),
            dials: HashMap::new(),
            queries: HashMap::new(),
        }
    }

    /// Ends when there can be nothing more to do.
    pub async fn run(mut self, mut to_do: mpsc::UnboundedReceiver<Act>) {
        loop {
            select! {
                act = to_do.recv() => match act {
                    Some(act) => act(&mut self),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.on_event(event),
            }
        }
    }

    pub fn kad(&mut self) -> &mut Kad {
        &mut self.swarm.behaviour_mut().kad
    }

    /// Start a query; its results come until it ends.
    pub fn query<E>(&mut self, start: impl FnOnce(&mut Kad) -> Result<QueryId, E>) -> Result<mpsc::UnboundedReceiver<QueryResult>, E> {
        let (sender, results) = mpsc::unbounded_channel();
        let id = start(self.kad())?;
        self.queries.insert(id, sender);
        Ok(results)
    }

    pub fn dial(&mut self, opts: DialOpts) -> oneshot::Receiver<Result<(), DialError>> {
        let (sender, dialled) = oneshot::channel();
        let id = opts.connection_id();
        match self.swarm.dial(opts) {
            Ok(()) => drop(self.dials.insert(id, sender)),
            Err(err) => tell(Some(sender), Err(err)),
        }
        dialled
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => self.on_listening(address),
            SwarmEvent::ConnectionEstablished { connection_id, .. } => tell(self.dials.remove(&connection_id), Ok(())),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => tell(self.dials.remove(&connection_id), Err(error)),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => self.on_identified(peer_id, info),
            SwarmEvent::Behaviour(BehaviourEvent::Kad(event)) => self.on_kad(event),
            _ => {}
        }
    }

    /// What is not confirmed as external is in no provider record, and nobody else will confirm it here.
    fn on_listening(&mut self, address: Multiaddr) {
        self.swarm.add_external_address(address.clone());
        let id = *self.swarm.local_peer_id();
        tell(self.listens.take(), describe(id, [&address]));
    }

    /// `kad` does not know where somebody listens who has dialled us, unless it is told.
    fn on_identified(&mut self, peer: PeerId, info: identify::Info) {
        if self.kad().protocol_names().iter().any(|name| info.protocols.contains(name)) {
            for addr in &info.listen_addrs {
                self.kad().add_address(&peer, addr.clone());
            }
        }
        self.identified.insert(peer, info);
    }

    fn on_kad(&mut self, event: kad::Event) {
        match event {
            kad::Event::InboundRequest { request } => *self.requests.entry(name_of(&request)).or_default() += 1,
            kad::Event::OutboundQueryProgressed { id, result, step, .. } => {
                if let Some(results) = self.queries.get(&id) {
                    let _ = results.send(result); // whoever asked may have given up
                }
                if step.last {
                    self.queries.remove(&id);
                }
            }
            _ => {}
        }
    }
}

fn tell<T>(sender: Option<oneshot::Sender<T>>, what: T) {
    if let Some(sender) = sender {
        let _ = sender.send(what); // whoever asked may have given up
    }
}

/// In the words of the wire.
fn name_of(request: &InboundRequest) -> &'static str {
    match request {
        InboundRequest::FindNode { .. } => "FIND_NODE",
        InboundRequest::GetProvider { .. } => "GET_PROVIDERS",
        InboundRequest::AddProvider { .. } => "ADD_PROVIDER",
        InboundRequest::GetRecord { .. } => "GET_VALUE",
        InboundRequest::PutRecord { .. } => "PUT_VALUE",
    }
}
