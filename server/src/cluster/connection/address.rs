//! Which address a connection file means, by ipyparallel's rules.

use std::net::{IpAddr, Ipv4Addr};

use super::{ConnectionFileError, Content, machine::Machine};

/// How to reach the controller.
pub(super) struct Route {
    /// An address of this machine.
    pub(super) host: IpAddr,
    /// A sentence for the log if the controller may well be on another machine.
    pub(super) warning: Option<String>,
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Follows `interface`, `location` and `ssh` to an address of this machine.
pub(super) fn route(file: &Content<'_>, machine: &impl Machine) -> Result<Route, ConnectionFileError> {
    let interface = file.require("interface")?;
    let Some(host) = interface.strip_prefix("tcp://") else {
        let (path, interface) = (file.path.to_owned(), interface.to_owned());
        return Err(ConnectionFileError::Interface { path, interface });
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let location = file.text("location").unwrap_or_default();
    let ssh = file.text("ssh").unwrap_or_default();

    // The controller listens on every address of its machine; `location` says which machine that is.
    if matches!(host, "*" | "0.0.0.0" | "::") {
        let here = location.is_empty() || lookup(location, machine).is_some();
        return if here {
            Ok(Route { host: LOCALHOST, warning: None })
        } else {
            Err(elsewhere(file, location, ssh))
        };
    }
    match lookup(host, machine) {
        Some(ip) if ip.is_loopback() => behind_loopback(file, ip, location, ssh, machine),
        // ipyparallel tunnels to any other address as soon as the file names an SSH server.
        Some(ip) if ssh.is_empty() => Ok(Route { host: ip, warning: None }),
        _ => Err(elsewhere(file, host, ssh)),
    }
}

/// The controller listens on its own loopback address: `location` says whether that is this machine's.
fn behind_loopback(
    file: &Content<'_>,
    host: IpAddr,
    location: &str,
    ssh: &str,
    machine: &impl Machine,
) -> Result<Route, ConnectionFileError> {
    let here = location.is_empty() || lookup(location, machine).is_some();
    if here {
        return Ok(Route { host, warning: None });
    }
    if !ssh.is_empty() {
        return Err(elsewhere(file, location, ssh));
    }
    // As in ipyparallel: there may be a tunnel that was made by hand, or this machine was renamed.
    let warning = format!(
        "the controller of {} seems to listen on the loopback address of another machine ({location}); \
         trying {host} on this one, where a tunnel may lead to it",
        file.path.display()
    );
    Ok(Route { host, warning: Some(warning) })
}

/// The address of this machine that `host` means; `None` if it is another machine's, or nobody's.
fn lookup(host: &str, machine: &impl Machine) -> Option<IpAddr> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return machine.owns(ip).then_some(ip);
    }
    if host == machine.hostname() {
        return Some(LOCALHOST);
    }
    machine.resolve(host).into_iter().find(|ip| machine.owns(*ip))
}

fn elsewhere(file: &Content<'_>, host: &str, ssh: &str) -> ConnectionFileError {
    let path = file.path.to_owned();
    if ssh.is_empty() {
        ConnectionFileError::AcrossNetwork { path, host: host.to_owned() }
    } else {
        ConnectionFileError::Tunnel { path, ssh: ssh.to_owned() }
    }
}
