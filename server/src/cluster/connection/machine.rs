//! This machine's name and addresses, and name resolution.

use std::{
    net::{IpAddr, ToSocketAddrs, UdpSocket},
    sync::mpsc,
    time::Duration,
};

use crate::cluster::process;

/// Names and addresses; in tests, from a table.
pub(super) trait Machine {
    /// This machine's name; `""` if it has none.
    fn hostname(&self) -> String;
    /// Whether an address is one of this machine's.
    fn owns(&self, ip: IpAddr) -> bool;
    /// The addresses of a name; none if it cannot be looked up.
    fn resolve(&self, host: &str) -> Vec<IpAddr>;
}

/// The machine pxlens runs on.
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn hostname(&self) -> String {
        process::host_name().unwrap_or_default()
    }

    fn owns(&self, ip: IpAddr) -> bool {
        // A socket can be bound to an address exactly if the machine has it.
        ip.is_loopback() || (!ip.is_unspecified() && UdpSocket::bind((ip, 0)).is_ok())
    }

    fn resolve(&self, host: &str) -> Vec<IpAddr> {
        // The system's resolver has no time limit of its own; one that hangs is left to end alone.
        let (found, answer) = mpsc::channel();
        let host = host.to_owned();
        std::thread::spawn(move || {
            let addresses = (host.as_str(), 0).to_socket_addrs();
            let _ = found.send(addresses.map_or_else(|_| Vec::new(), |all| all.map(|a| a.ip()).collect()));
        });
        answer.recv_timeout(Duration::from_secs(2)).unwrap_or_default()
    }
}

/// A machine without a name, which reaches nothing but itself.
#[cfg(any(test, fuzzing))]
pub(super) struct Nameless;

#[cfg(any(test, fuzzing))]
impl Machine for Nameless {
    fn hostname(&self) -> String {
        String::new()
    }

    fn owns(&self, ip: IpAddr) -> bool {
        ip.is_loopback()
    }

    fn resolve(&self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}
