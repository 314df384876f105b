//! Lines of which nobody can tell which cluster they ask for.

use super::*;

/// The text that such a problem is about, of each.
fn unread(text: &str) -> Vec<String> {
    let problems = problems_in(text, Dialect::Script);
    let unread = problems.iter().filter(|problem| *problem.rule == UNREAD_CLUSTER);
    unread.map(|problem| text[problem.range.as_range()].to_owned()).collect()
}

#[test]
fn a_cluster_that_cannot_be_read_is_told() {
    for line in [
        "rc = ipp.Client(profile=os.environ['PROFILE'])",
        "rc = ipp.Client(profile=sys.argv[1])",
        "rc = ipp.Client(f'{folder}/client.json')",
        "rc = ipp.Client(**options)",
        "rc = ipp.Client(file)",
        "rc = ipp.Client(profile=name)",
        "rc = ipp.Client(sshserver=host)",
        "c = ipp.Cluster(engines=kind, n=2)",
        "rc = ipp.Client(profile=name)[:]",
        "c = ipp.Cluster.from_file(name)",
    ] {
        assert_eq!(unread(&format!("{line}\n%px x\n")), [line], "{line}");
    }
    for (text, expected) in [
        (
            "def connect():\n    return ipp.Client(profile='gpu')\nrc = connect()\n%px x\n",
            "ipp.Client(profile='gpu')",
        ),
        (
            "def connect(name):\n    rc = ipp.Client(profile=name)\n    return rc\n%px x\n",
            "rc = ipp.Client(profile=name)",
        ),
        ("if gpu:\n    rc = ipp.Client(profile='gpu')\n%px x\n", "rc = ipp.Client(profile='gpu')"),
        (
            "try:\n    rc = ipp.Client(profile='gpu')\nexcept OSError:\n    pass\n%px x\n",
            "rc = ipp.Client(profile='gpu')",
        ),
        ("rc = ipp.Client(profile='gpu') if gpu else ipp.Client()\n%px x\n", "ipp.Client(profile='gpu')"),
        ("from ipyparallel import Client as C\nrc = C(profile=name)\n%px x\n", "rc = C(profile=name)"),
        ("rc = ipp.Client()\nr2 = ipp.Client(profile=name)\n%px x\n", "r2 = ipp.Client(profile=name)"),
    ] {
        assert_eq!(unread(text), [expected], "{text}");
    }
}

#[test]
fn what_surely_is_the_cluster_in_use_is_not_told() {
    for text in [
        "rc = ipp.Client()\n%px x\n",
        "rc = ipp.Client(timeout=limit)\n%px x\n",
        "c = ipp.Cluster(n=count)\n%px x\n",
        "with ipp.Cluster(n=2) as rc:\n    rc[:]\n%px x\n",
        "def connect():\n    return ipp.Client()\n%px x\n",
        "try:\n    rc = ipp.Client()\nexcept OSError:\n    rc = ipp.Cluster(n=2).start_and_connect_sync()\n%px x\n",
        "name = 'gpu'\nrc = ipp.Client(profile=name)\n%px x\n",
        "rc = ipp.Client(profile='gpu')\ndef again():\n    return ipp.Client(profile='gpu')\n%px x\n",
        "from google.cloud import bigquery\nbq = bigquery.Client(project=name)\n%px x\n",
        "from dask.distributed import Client\ndef f(x):\n    return Client(x)\n%px x\n",
        "print('ipp.Client(profile=name)')\n%px x\n",
    ] {
        assert_eq!(unread(text), Vec::<String>::new(), "{text}");
    }
}
