//! The client with a small server in Python.

use super::*;

/// Answers `initialize`, `shutdown` and `echo`; for any other request, and for `run`, executes the code in its params.
const SERVER: &str = r#"
import json, sys
waiting = []
def read():
    if waiting: return waiting.pop(0)
    return receive()
def receive():
    length = 0
    while True:
        line = sys.stdin.buffer.readline()
        if not line: sys.exit(1)
        if line == b"\r\n": break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length": length = int(value)
    return json.loads(sys.stdin.buffer.read(length))
def write(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()
def tell(method, **params): write(method=method, params=params)
def ask(method, **params):
    write(id="s1", method=method, params=params)
    while True:
        message = receive()
        if message.get("id") == "s1": return message
        waiting.append(message)
while True:
    message = read()
    method, id = message.get("method"), message.get("id")
    if method == "initialize": write(id=id, result={"got": message["params"]})
    elif method == "shutdown": write(id=id, result=None)
    elif method == "exit": sys.exit(0)
    elif method == "echo": write(id=id, result=message["params"])
    elif id is not None or method == "run":
        params = message.get("params") or {}
        exec(params.get("code", "pass"))
"#;

fn client() -> Builder {
    Client::vscode(crate::real::python()).args(["-c", SERVER])
}

fn run(client: &mut Client, code: &str) {
    client.notify("run", json!({"code": code}));
}

/// Whether dropping a client fails after `leave` did something with it.
fn drop_fails(leave: impl FnOnce(&mut Client) + Send + 'static) -> bool {
    let thread = std::thread::spawn(move || {
        let mut client = client().start();
        leave(&mut client);
        // Once this is answered, the server has handled all that was sent before.
        client.request("echo", json!(1));
    });
    thread.join().is_err()
}

#[test]
fn each_editor_announces_its_own_capabilities() {
    let vscode = client().start();
    let params = &vscode.server()["got"];
    assert_eq!(params["capabilities"]["general"]["positionEncodings"], json!(["utf-16"]));
    assert_eq!(params["capabilities"]["experimental"]["pxlens"]["ack"], true);
    assert_eq!(params.get("rootUri"), None);

    let neovim = Client::neovim(crate::real::python()).args(["-c", SERVER]).start();
    let params = &neovim.server()["got"];
    assert_eq!(params["capabilities"]["general"]["positionEncodings"][0], "utf-8");
    assert_eq!(params.get("rootUri"), Some(&Value::Null));
    assert_eq!(params["capabilities"].get("experimental"), Some(&Value::Null));
    assert_eq!(neovim.shut_down(), 0);
}

#[test]
fn requests_of_the_server_are_answered_and_kept() {
    let mut client = client().settings(json!({"groupBy": "engine"})).start();
    run(
        &mut client,
        "tell('seen', answer=ask('workspace/configuration', items=[{'section': 'pxlens'}, \
         {'section': 'pxlens.groupBy'}, {'section': 'other'}])['result'])",
    );
    let seen = client.expect("seen", |_| true);
    assert_eq!(seen["answer"], json!([{"groupBy": "engine"}, "engine", null]));
    assert_eq!(client.heard("workspace/configuration").len(), 1);
    client.answer_with("window/showMessageRequest", json!({"title": "Yes"}));
    run(&mut client, "tell('seen', answer=ask('window/showMessageRequest', type=3, message='?')['result'])");
    assert_eq!(client.expect("seen", |_| true)["answer"]["title"], "Yes");
}

#[test]
fn outputs_are_acknowledged() {
    let mut client = client().start();
    run(&mut client, "tell('px/outputs', seq=7); tell('seen', message=read())");
    let seen = client.expect("seen", |_| true);
    assert_eq!(
        (&seen["message"]["method"], &seen["message"]["params"]["seq"]),
        (&json!("px/ackOutputs"), &json!(7))
    );
}

#[test]
fn only_the_newest_diagnostics_of_a_document_are_looked_at() {
    let mut client = client().start();
    let list = "tell('textDocument/publishDiagnostics', uri='file:///a', diagnostics=";
    run(&mut client, &format!("{list}[{{'message': 'one'}}]); {list}[])"));
    assert!(client.expect_diagnostics("file:///a", <[Value]>::is_empty).is_empty());
}

#[test]
fn a_request_is_repeated_until_its_answer_fits() {
    let mut client = client().start();
    let code = "globals()['n'] = globals().get('n', 0) + 1; write(id=id, result=n)";
    assert_eq!(client.ask_until("x", &json!({"code": code}), |answer| *answer == 3), 3);
}

#[test]
fn dropping_a_client_fails_on_what_the_test_did_not_read() {
    assert!(!drop_fails(|_| ()));
    assert!(drop_fails(
        |client| _ = client.send("x", json!({"code": "write(id=id, error={'code': 1, 'message': 'no'})"}))
    ));
    assert!(drop_fails(|client| _ = client.send("never answered", json!({}))));
    assert!(drop_fails(|client| run(client, "tell('window/showMessage', type=1, message='no')")));
    assert!(drop_fails(|client| run(client, "ask('nobody/knows')")));
    assert!(drop_fails(|client| run(client, "sys.stderr.write(\"thread 'main' panicked at x\\n\")")));
}

#[test]
fn errors_that_the_test_read_do_not_fail_it() {
    let mut client = client().start();
    let code = json!({"code": "write(id=id, error={'code': -32602, 'message': 'no'})"});
    assert_eq!(client.try_request("x", code).unwrap_err().code, -32602);
    run(&mut client, "tell('window/showMessage', type=1, message='no')");
    client.expect("window/showMessage", |params| params["message"] == "no");
}

#[test]
fn hanging_up_returns_the_exit_status() {
    assert_eq!(client().start().hang_up(), 1);
}

#[test]
fn uris_escape_what_editors_escape() {
    assert_eq!(uri(Path::new("/a b/é[1].py")), "file:///a%20b/%C3%A9%5B1%5D.py");
}
