//! Connection files of all kinds, on a machine from a table.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

/// A machine called `here` with the address 10.0.0.1, which can also look up `there`.
struct Table;

impl Machine for Table {
    fn hostname(&self) -> String {
        "here".into()
    }

    fn owns(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || ip.to_string() == "10.0.0.1"
    }

    fn resolve(&self, host: &str) -> Vec<IpAddr> {
        let ip = match host {
            "here.example" => "10.0.0.1",
            "localhost" => "127.0.0.1",
            "there" => "10.0.0.2",
            _ => return Vec::new(),
        };
        vec![ip.parse().unwrap()]
    }
}

const KEY: &str = "b87ce583-0fbe5629e8817b89f7b16f8c";

fn real_file() -> Value {
    json!({
        "ssh": "", "interface": "tcp://127.0.0.1", "registration": 50919, "control": 37595, "mux": 36123,
        "task": 45761, "task_scheme": "leastload", "iopub": 52755, "notification": 32957, "broadcast": 35639,
        "key": KEY, "curve_serverkey": null, "location": "here", "pack": "json", "unpack": "json",
        "signature_scheme": "hmac-sha256",
    })
}

fn parse(changes: &Value) -> Result<ConnectionInfo, ConnectionFileError> {
    let mut file = real_file();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::String(remove) if remove == "<none>" => file.as_object_mut().unwrap().remove(key),
            value => file.as_object_mut().unwrap().insert(key.clone(), value.clone()),
        };
    }
    ConnectionInfo::parse(Path::new("c.json"), file.to_string().as_bytes(), false, &Table)
}

fn check(changes: Value, expected: Expect) {
    let text = match parse(&changes) {
        Ok(info) => match info.warning() {
            Some(warning) => format!("{} but {warning}", info.address(Channel::Mux)),
            None => info.address(Channel::Mux).to_string(),
        },
        Err(error) => error.to_string(),
    };
    assert!(!text.contains(KEY), "the key shows in: {text}");
    expected.assert_eq(&text);
}

#[test]
fn a_real_file_gives_every_channel_its_address() {
    let info = parse(&json!({})).unwrap();
    let all: Vec<_> = Channel::ALL.map(|c| format!("{} {}", c.name(), info.address(c))).into();
    expect![[r"
        registration 127.0.0.1:50919
        mux 127.0.0.1:36123
        control 127.0.0.1:37595
        iopub 127.0.0.1:52755
        notification 127.0.0.1:32957"]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn keys_that_older_versions_lack_are_optional() {
    check(
        json!({"broadcast": "<none>", "curve_serverkey": "<none>", "task": "<none>", "task_scheme": "<none>"}),
        expect!["127.0.0.1:36123"],
    );
    check(json!({"curve_serverkey": "", "pack": "orjson", "unpack": "orjson"}), expect!["127.0.0.1:36123"]);
}

#[test]
fn the_key_never_shows() {
    let info = parse(&json!({})).unwrap();
    assert!(!format!("{info:?}").contains(&KEY[..8]));
    let error = ConnectionInfo::parse(
        Path::new("c.json"),
        format!("{{\"key\": \"{KEY}\", oops").as_bytes(),
        false,
        &Table,
    )
    .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&KEY[..8]));
}

#[test]
fn addresses_follow_the_rules_of_ipyparallel() {
    check(json!({"interface": "tcp://*"}), expect!["127.0.0.1:36123"]);
    check(json!({"interface": "tcp://0.0.0.0", "location": ""}), expect!["127.0.0.1:36123"]);
    check(json!({"interface": "tcp://*", "location": "10.0.0.1"}), expect!["127.0.0.1:36123"]);
    check(json!({"interface": "tcp://*", "location": "here.example"}), expect!["127.0.0.1:36123"]);
    check(json!({"interface": "tcp://10.0.0.1", "location": "anywhere"}), expect!["10.0.0.1:36123"]);
    check(json!({"interface": "tcp://localhost"}), expect!["127.0.0.1:36123"]);
    check(json!({"interface": "tcp://[::1]"}), expect!["[::1]:36123"]);
    check(json!({"location": null}), expect!["127.0.0.1:36123"]);
    check(json!({"ssh": "me@gate"}), expect!["127.0.0.1:36123"]);
}

#[test]
fn a_controller_on_another_machine_is_refused() {
    check(
        json!({"interface": "tcp://*", "location": "there"}),
        expect![
            "the controller of c.json is on another machine (there), and pxlens reaches only controllers on this one so far; run pxlens there, for instance in a remote window of the editor"
        ],
    );
    for (interface, location) in [("tcp://there", "here"), ("tcp://10.0.0.2", ""), ("tcp://*", "unknown")] {
        let refused = parse(&json!({"interface": interface, "location": location}));
        assert!(matches!(refused, Err(ConnectionFileError::AcrossNetwork { .. })), "{interface} {location}");
    }
}

#[test]
fn a_needed_tunnel_is_refused_and_a_possible_one_is_tried() {
    check(
        json!({"location": "there", "ssh": "me@gate"}),
        expect![
            "the controller of c.json is reached through an SSH tunnel to 'me@gate', which pxlens cannot open yet; run pxlens on that machine, for instance in a remote window of the editor"
        ],
    );
    for interface in ["tcp://10.0.0.2", "tcp://10.0.0.1"] {
        let refused = parse(&json!({"interface": interface, "ssh": "me@gate"}));
        assert!(matches!(refused, Err(ConnectionFileError::Tunnel { .. })), "{interface}");
    }
    check(json!({"interface": "tcp://*", "ssh": "me@gate"}), expect!["127.0.0.1:36123"]);
    check(
        json!({"location": "there"}),
        expect![
            "127.0.0.1:36123 but the controller of c.json seems to listen on the loopback address of another machine (there); trying 127.0.0.1 on this one, where a tunnel may lead to it"
        ],
    );
}

#[test]
fn what_pxlens_cannot_speak_is_refused_with_what_to_do() {
    for pack in ["pickle", "msgpack", "my.packer"] {
        assert!(matches!(parse(&json!({"pack": pack})), Err(ConnectionFileError::Packer { .. })));
    }
    check(
        json!({"unpack": "pickle"}),
        expect![
            "the controller of c.json packs its messages as 'pickle', and pxlens reads JSON only; start it with --Session.packer=json"
        ],
    );
    check(
        json!({"curve_serverkey": "x".repeat(40), "key": ""}),
        expect![
            "the controller of c.json encrypts with CURVE (curve_serverkey), which pxlens cannot do yet; start the controller without enable_curve, and reach it on this machine"
        ],
    );
    check(
        json!({"interface": "ipc:///tmp/base"}),
        expect![
            "the controller of c.json listens at ipc:///tmp/base, and pxlens speaks TCP only; start it without --transport=ipc"
        ],
    );
    check(
        json!({"signature_scheme": "hmac-md5"}),
        expect![
            "pxlens cannot use the connection file c.json: the controller asks for the signature scheme 'hmac-md5'; pxlens knows hmac-sha256 only"
        ],
    );
    let text = real_file().to_string();
    let error = ConnectionInfo::parse(Path::new("c.json"), text.as_bytes(), true, &Table).unwrap_err();
    assert!(error.to_string().contains("IPP_CURVE_SERVERKEY"), "{error}");
}

#[test]
fn a_byte_that_is_not_utf_8_costs_nothing_unless_it_is_in_the_key() {
    let read = |old: &str| {
        let text = real_file().to_string();
        let (before, after) = text.split_once(old).expect("the file has it");
        let bytes = [before.as_bytes(), b"caf\xe9", after.as_bytes()].concat();
        ConnectionInfo::parse(Path::new("c.json"), &bytes, false, &Table)
    };
    assert!(read("leastload").is_ok());
    expect!["the value of 'key' in the connection file c.json is not UTF-8"]
        .assert_eq(&read(KEY).unwrap_err().to_string());
}

#[test]
fn what_is_not_a_connection_file_is_named() {
    check(
        json!({"key": "<none>", "mux": "<none>"}),
        expect![
            "the connection file c.json lacks mux, key; name the ipcontroller-client.json that the controller wrote"
        ],
    );
    check(
        json!({"mux": [1, 2]}),
        expect![
            "the value of 'mux' in the connection file c.json is not a port number; the file for clients is ipcontroller-client.json, not -engine.json"
        ],
    );
    check(json!({"key": 5}), expect!["the value of 'key' in the connection file c.json is not a string"]);
    let not_json = |text: &str| {
        ConnectionInfo::parse(Path::new("c.json"), text.as_bytes(), false, &Table).unwrap_err().to_string()
    };
    expect![
        "c.json is not a connection file: it holds no JSON object (line 1, column 2); name an ipcontroller-client.json"
    ]
    .assert_eq(&not_json("not JSON"));
    assert!(not_json("[1]").contains("is not a connection file"));
    let missing = ConnectionInfo::read(Path::new("/does/not/exist.json")).unwrap_err();
    expect![
        "the connection file /does/not/exist.json cannot be read: No such file or directory (os error 2); start a cluster, or name another file"
    ]
    .assert_eq(&missing.to_string());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_own_or_can_read_is_refused_with_what_to_do() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.json");
    fs::write(&path, real_file().to_string()).unwrap();
    let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let refused = || {
        let error = ConnectionInfo::read(&path).unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    };
    set_mode(0o640);
    expect![
        "the connection file c.json can be read by other users (mode 0640), and with its key they can run code as you on the engines; close it with `chmod 600 c.json` and restart the cluster, or, if they may, use it with --shared-connection-file or the setting pxlens.sharedConnectionFiles"
    ]
    .assert_eq(&refused());
    assert!(!refused().contains("not a JSON"));
    set_mode(0o602);
    assert!(refused().contains("c.json can be changed by other users (mode 0602)"), "{}", refused());
    assert!(ConnectionInfo::read_shared(&path).is_ok());
    set_mode(0o600);
    assert!(ConnectionInfo::read(&path).is_ok());
    if let Err(error) = std::os::unix::fs::chown(&path, Some(65534), None) {
        eprintln!("SKIPPED: only root can give files away ({error})");
        return;
    }
    expect![
        "the connection file c.json belongs to nobody, so your code would run on a cluster of nobody; if that is what you want, use it with --shared-connection-file or the setting pxlens.sharedConnectionFiles"
    ]
    .assert_eq(&refused());
    assert!(ConnectionInfo::read_shared(&path).is_ok());
}

#[test]
fn this_machine_owns_its_loopback_address_and_no_test_address() {
    assert!(ThisMachine.owns("127.0.0.1".parse().unwrap()));
    assert!(ThisMachine.owns("::1".parse().unwrap()));
    // TEST-NET-1, RFC 5737: given to no machine.
    assert!(!ThisMachine.owns("192.0.2.1".parse().unwrap()));
    assert!(ThisMachine.resolve("localhost").iter().any(IpAddr::is_loopback));
    assert!(!ThisMachine.hostname().is_empty());
}
