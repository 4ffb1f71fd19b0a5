use std::{collections::HashMap, net::IpAddr, time::Duration};

use reqwest::{Method, blocking::Client, header};

use super::{Outcome, Visit};
use crate::network::{SERVER_V4, SERVER_V6};

const LIMIT: Duration = Duration::from_secs(3);
/// What the shop is called; there is no DNS here.
const HOST: &str = "shop.example";

/// Makes visits, each from its actor's address, and keeps connections alive as browsers do.
#[derive(Debug, Default)]
pub struct Sender {
    clients: HashMap<IpAddr, Client>,
}

impl Sender {
    pub fn send(&mut self, visit: &Visit) -> anyhow::Result<Outcome> {
        let client = self.client(visit.actor)?;
        let server = if visit.actor.is_ipv4() { SERVER_V4.to_string() } else { format!("[{SERVER_V6}]") };
        let mut request = client
            .request(Method::from_bytes(visit.method.as_bytes())?, format!("http://{server}{}", visit.target))
            .header(header::HOST, HOST)
            .header(header::USER_AGENT, visit.agent)
            .header(header::ACCEPT, "application/json");
        if let Some(body) = &visit.body {
            request = request.json(body);
        }
        // Read to the end: a connection with half an answer in it is not used again.
        let done = request.send().and_then(|answer| Ok((answer.status().as_u16(), answer.bytes()?)));
        Ok(Outcome {
            actor: visit.actor,
            method: visit.method.to_owned(),
            target: visit.target.clone(),
            attack: visit.attack.map(|attack| attack.name.to_owned()),
            status: done.as_ref().ok().map(|(status, _)| *status),
            error: done
                .as_ref()
                .err()
                .map(|error| if error.is_timeout() { "timeout".to_owned() } else { error.to_string() }),
        })
    }

    fn client(&mut self, actor: IpAddr) -> anyhow::Result<Client> {
        if let Some(client) = self.clients.get(&actor) {
            return Ok(client.clone());
        }
        let client = Client::builder().local_address(actor).no_proxy().timeout(LIMIT).build()?;
        self.clients.insert(actor, client.clone());
        Ok(client)
    }
}
