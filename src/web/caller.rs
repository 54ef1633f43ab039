//! Where a request comes from, seen past the proxies that stand in front.
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The proxies whose word about the address of a caller is taken.
#[derive(Debug, Clone)]
pub struct TrustedProxies(Vec<IpNet>);

impl Default for TrustedProxies {
    /// Those on this machine.
    fn default() -> Self {
        let v4 = IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let v6 = IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST));
        Self(vec![v4, v6])
    }
}

impl FromStr for TrustedProxies {
    type Err = String;
    /// Addresses or networks, with commas between them: `10.0.0.0/8, ::1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        let read = |one: &str| {
            let address = one.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| one.parse())
                .map_err(|_| format!("{one} is neither an address nor a network like 10.0.0.0/8"))
        };
        named.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address a request comes from: the last in `X-Forwarded-For` that is not a trusted
    /// proxy's, if a trusted proxy brings the request; otherwise whoever connects. What a
    /// caller writes into the header itself stands before what the proxies add, and is not read.
    pub fn caller(&self, peer: Option<IpAddr>, forwarded: &[&str]) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        let hops = forwarded.iter().rev().flat_map(|line| line.rsplit(','));
        let mut caller = peer;
        for hop in hops {
            if !self.has(caller) {
                break;
            }
            let Ok(before) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            caller = before.to_canonical();
        }
        Some(caller)
    }

    /// The /24 or /56 that a request comes from.
    pub fn network(&self, request: &HttpRequest) -> String {
        let lines = request.headers().get_all("x-forwarded-for");
        let forwarded: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let peer = request.peer_addr().map(|peer| peer.ip());
        let prefix = |address: IpAddr| match address {
            IpAddr::V4(_) => IpNet::new(address, 24),
            IpAddr::V6(_) => IpNet::new(address, 56),
        };
        self.caller(peer, &forwarded)
            .and_then(|address| prefix(address).ok())
            .map_or_else(
                || "unknown".to_owned(),
                |network| network.trunc().to_string(),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted: TrustedProxies = "10.0.0.0/8, ::1".parse().unwrap();
        let seen = |peer: &str, lines: &[&str]| {
            let caller = trusted.caller(peer.parse().ok(), lines);
            caller.map(|address| address.to_string())
        };
        for (peer, lines, is) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("::1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            (
                "::1",
                &["6.6.6.6", "198.51.100.1, 10.9.9.9"],
                "198.51.100.1",
            ),
            ("::1", &["nonsense"], "::1"),
            ("::ffff:10.1.2.3", &["2001:db8::7"], "2001:db8::7"),
        ] {
            assert_eq!(seen(peer, lines).as_deref(), Some(is), "{peer} {lines:?}");
        }
        assert!("10.0.0.0/40".parse::<TrustedProxies>().is_err());
    }
}
