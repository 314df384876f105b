//! Files that say which cluster they want, and how their lines are called.

use super::*;

/// Two lines of the field: a script that starts two MPI engines.
const MPI: &str = "import ipyparallel as ipp\ncluster = ipp.Cluster(engines=\"mpi\", n=2)\nrc = cluster.start_and_connect_sync()\n\n\
                   # %%\n%%px\nfrom mpi4py import MPI\nprint(f\"{MPI.COMM_WORLD.rank=} {MPI.COMM_WORLD.size=}\")\n";

/// Runs all of a text where a cluster may be started; gives why it is refused.
async fn refusal(settings: Settings, text: &str) -> String {
    let fixture = Fixture::idle(settings, Dialect::Script, text);
    let answer = fixture.run_with(Scope::All, false, StartPolicy::Attached).await;
    let error = answer.expect_err("it is refused");
    assert!(matches!(error, RunError::Cluster(_)), "{error}");
    error.to_string()
}

fn somewhere() -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = in_folder(folder.path());
    (folder, settings)
}

#[tokio::test]
async fn a_file_that_asks_for_mpi_gets_no_plain_engines() {
    let (_folder, settings) = somewhere();
    assert_eq!(
        refusal(settings, MPI).await,
        "line 2 asks for 2 mpi engines, and pxlens starts only ordinary engines on this machine; start them with \
         `ipcluster start --engines=mpi -n 2`, and run this again; no other cluster is running"
    );
}

#[tokio::test]
async fn a_profile_that_does_not_run_is_refused_and_nothing_else_is_used() {
    let (_folder, settings) = somewhere();
    assert_eq!(
        refusal(settings, "rc = ipp.Client(profile='mpi')\n%px x\n").await,
        "line 1 asks for the cluster in profile 'mpi', which is not running; start it with `ipcluster start --profile=mpi`; \
         no other cluster is running"
    );
    let (_folder, settings) = somewhere();
    let why = refusal(settings, "rc = ipp.Client('no/such.json')\n%px x\n").await;
    assert!(
        why.starts_with(
            "line 1 asks for the cluster of the connection file no/such.json, which is not running"
        ),
        "{why}"
    );
}

#[tokio::test]
async fn a_cluster_where_pxlens_does_not_look_is_refused_and_nothing_else_is_used() {
    let why = "line 1 asks for the cluster behind the SSH server me@host, where pxlens does not look; name the cluster's \
               connection file by --connection-file, or in the setting pxlens.cluster";
    let (_folder, settings) = somewhere();
    assert_eq!(refusal(settings, "rc = ipp.Client(sshserver='me@host')\n%px x\n").await, why);
    let (_folder, settings) = somewhere();
    let why = refusal(settings, "rc = ipp.Client(ipython_dir='/lab')\n%px x\n").await;
    assert!(
        why.starts_with("line 1 asks for the cluster in the folder /lab, where pxlens does not look; "),
        "{why}"
    );
}

#[tokio::test]
async fn a_line_that_waits_for_more_engines_than_another_starts_is_refused() {
    let (_folder, settings) = somewhere();
    assert_eq!(
        refusal(settings, "rc = ipp.Cluster(n=2).start_and_connect_sync()\nrc.wait_for_engines(4)\n%px x\n")
            .await,
        "line 2 waits for 4 engines, and line 1 starts only 2; change one of these lines; no other cluster is running"
    );
}

#[tokio::test]
async fn fewer_engines_than_a_file_waits_for_are_refused_with_their_number() {
    let sim = Sim::builder().engines(2).start().await;
    let why = refusal(at(&sim.connection_file()), "rc = ipp.Client()\nrc.wait_for_engines(4)\n%px x\n").await;
    assert!(
        why.starts_with("line 2 waits for 4 engines, and the cluster ")
            && why.contains(" has 2; add 2 with "),
        "{why}"
    );
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, "rc.wait_for_engines(2)\n%px x\n");
    fixture.engines(2).await;
    fixture.run().await;
}

#[tokio::test]
async fn the_cluster_that_the_user_names_goes_before_what_the_file_says() {
    let sim = Sim::builder().engines(2).start().await;
    let mut fixture =
        Fixture::with(at(&sim.connection_file()), true, "rc = ipp.Client(profile='mpi')\n%px x\n");
    fixture.engines(2).await;
    fixture.run().await;
    let said = async {
        loop {
            if let SessionEvent::Say(_, text) = fixture.events.recv().await.expect("the session lives") {
                return text;
            }
        }
    };
    assert_eq!(
        within("a message", said).await,
        "line 1 asks for the cluster in profile 'mpi'; the cluster that you named is used instead"
    );
}

#[tokio::test]
async fn the_heading_of_a_cell_of_a_notebook_is_not_raw_json_at_a_line_of_its_file() {
    let sim = Sim::builder().engines(1).start().await;
    let (session, _events) = Session::start(at(&sim.connection_file()), Encoding::Utf16, true, false);
    let key = DocumentKey::from("a.ipynb");
    let text = "{\"cells\": [\n {\"cell_type\": \"markdown\", \"source\": \"a\"},\n {\"cell_type\": \"code\",\n  \"source\": [\n                   \"x = 1\\n\",\n   \"%px print(\\\"a\\\")\\n\",\n   \"y = 2\"]}]}";
    session.open(key.clone(), Dialect::NotebookJson, 1, text.to_owned());
    let (overrides, start) = (Overrides::default(), StartPolicy::Never);
    let command = RunCommand {
        document: key,
        scope: Scope::All,
        overrides,
        only: None,
        canary: false,
        keep_going: false,
        start,
    };
    let run = session.run(command).await.expect("it runs").runs.remove(0);
    assert_eq!(
        (run.place_name.to_string().as_str(), run.magic_line.as_str()),
        ("cell 2, line 2", "%px print(\"a\")")
    );
}
