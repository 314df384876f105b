//! What documents say about the cluster that they want.

use super::*;

/// What a script says, each part with its line.
fn said(text: &str) -> String {
    let cells = recognize(text, Dialect::Script).unwrap();
    let line = |origin| cells.place(origin).map_or(0, |place| place.line + 1);
    let wish = &cells.wish;
    let cluster = wish.said_cluster().map(|cluster| format!("{}: {cluster}", line(cluster.origin)));
    let awaited =
        wish.awaited.map(|awaited| format!("{}: waits for {}", line(awaited.origin), awaited.count));
    cluster.into_iter().chain(awaited).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_cluster_that_a_script_starts_is_read() {
    for (text, expected) in [
        ("cluster = ipp.Cluster(engines=\"mpi\", n=2)\n", "1: 2 mpi engines"),
        ("import ipyparallel as ipp\nc = ipp.Cluster(n=4)\n", "2: 4 engines"),
        ("c = ipyparallel.Cluster(engine_launcher_class='MPI')\n", "1: mpi engines"),
        (
            "c = Cluster(engine_launcher_class='ipyparallel.cluster.launcher.SlurmEngineSetLauncher')",
            "1: slurm engines",
        ),
        ("c = Cluster(engines='local', n=1)\n", "1: 1 engine"),
        (
            "c = Cluster(n=2, profile='lab', cluster_id='x')\n",
            "1: 2 engines in profile 'lab' with the id 'x'",
        ),
        ("c = Cluster(n=2, controller='ssh')\n", "1: 2 engines with a ssh controller"),
        ("with ipp.Cluster(n=4) as rc:\n    rc[:]\n", "1: 4 engines"),
        ("if __name__ == '__main__':\n    c = Cluster(n=3)\n", "2: 3 engines"),
        ("rc = Cluster(engines='mpi').start_and_connect_sync(n=3)\n", "1: 3 mpi engines"),
        ("cluster = Cluster()\nrc = await cluster.start_and_connect(5)\n", "1: 5 engines"),
        ("c = Cluster(n=2)\nc.start_cluster_sync(n=6)\n", "1: 6 engines"),
        ("c = Cluster(n=2)\nc.start_cluster_sync(n=2)\nc.start_engines_sync(n=2)\n", "1: 4 engines"),
        ("c = Cluster()\nc.start_controller_sync()\nc.start_engines_sync(n=2)\n", "1: 2 engines"),
        (
            "c = Cluster(n=2)\nrc = c.start_and_connect_sync()\nrc.wait_for_engines(n=2)\n",
            "1: 2 engines; 3: waits for 2",
        ),
        // The first decides.
        ("a = Cluster(n=2)\nb = Cluster(engines='mpi', n=8)\nb.start_cluster_sync(n=9)\n", "1: 2 engines"),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn the_cluster_that_a_script_connects_to_is_read() {
    for (text, expected) in [
        ("rc = ipp.Client(profile=\"mpi\")\n", "1: the cluster in profile 'mpi'"),
        ("rc = Client(cluster_id='x')\n", "1: the cluster with the id 'x'"),
        (
            "rc = Client('security/ipcontroller-client.json')\n",
            "1: the cluster of the connection file security/ipcontroller-client.json",
        ),
        ("rc = Client(url_file='a.json')\n", "1: the cluster of the connection file a.json"),
        ("c = ipp.Cluster.from_file(cluster_id='x')\n", "1: the cluster with the id 'x'"),
        ("rc = Client()\nrc.wait_for_engines(4)\n", "2: waits for 4"),
        ("rc.wait_for_engines(4)\n", "1: waits for 4"),
        ("rc = Client(profile='default')\n", ""),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn what_is_conditional_or_no_literal_says_nothing() {
    for text in [
        "c = Cluster(engines=kind, n=2)\n",
        "c = Cluster(n=count)\n",
        "c = Cluster(**options)\n",
        "c = Cluster()\n",
        "rc = Client(profile=name)\n",
        "rc = Client(f'{folder}.json')\n",
        "client = Client('tcp://127.0.0.1:8786')\n",
        "if mpi:\n    c = Cluster(engines='mpi')\n",
        "if mpi: c = Cluster(engines='mpi')\n",
        "c = Cluster(engines='mpi') if mpi else Cluster()\n",
        "try:\n    rc = Client(profile='mpi')\nexcept OSError:\n    rc = Cluster(n=2)\n",
        "def start():\n    return Cluster(engines='mpi')\n",
        "def start():\n    c = Cluster(engines='mpi')\n",
        "for n in [1, 2]:\n    rc.wait_for_engines(n)\n    rc.wait_for_engines(8)\n",
        "# c = Cluster(engines='mpi')\n",
        "'''\nc = Cluster(engines='mpi')\n'''\n",
    ] {
        assert_eq!(said(text), "", "{text}");
    }
}

#[test]
fn waiting_on_another_cluster_is_no_wish_for_this_one() {
    let text = "a = Cluster(n=2)\nra = a.start_and_connect_sync()\nrb = Client(profile='big')\nrb.wait_for_engines(64)\n";
    assert_eq!(said(text), "1: 2 engines");
}

#[test]
fn the_command_that_starts_it_is_quoted_for_a_shell() {
    let command =
        |text: &str| recognize(text, Dialect::Script).unwrap().wish.said_cluster().unwrap().command(None);
    assert_eq!(
        command("c = Cluster(engines='mpi', n=2, profile='lab')\n"),
        "ipcluster start --engines=mpi --profile=lab -n 2"
    );
    assert_eq!(
        command("c = Cluster(engines='mpi', profile='my lab; rm')\n"),
        "ipcluster start --engines=mpi --profile='my lab; rm'"
    );
}

#[test]
fn a_cell_of_a_notebook_is_no_line_of_its_file() {
    let text = r#"{"cells": [
 {"cell_type": "markdown", "source": ["a\n", "b"]},
 {"cell_type": "code", "source": ["x = 1\n", "%px x\n", "%px y"]},
 {"cell_type": "code", "source": "%px z\n%px w"}
]}"#;
    let cells = recognize(text, Dialect::NotebookJson).unwrap();
    let names = cells.cells.iter().map(|cell| cells.line_name(cell.magic_range().start, 99).to_string());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["cell 2, line 2", "cell 2, line 3", "cell 3, line 1", "cell 3, line 2"]
    );
}

#[test]
fn a_client_of_another_package_says_nothing_about_the_cluster() {
    let ours = "rc = ipp.Client(profile='gpu')\n";
    for text in [
        "from google.cloud import bigquery\nbq = bigquery.Client()\n",
        "import google.cloud.storage\ngcs = google.cloud.storage.Client(project='gpu')\n",
        "from dask.distributed import Client\nclient = Client('tcp://10.0.0.1:8786')\n",
        "from dask.distributed import *\nclient = Client(n_workers=4)\n",
        "import httpx\nwith httpx.Client() as client:\n    pass\n",
        "from suds.client import Client\nsoap = Client('http://x?wsdl')\n",
        "from sklearn.cluster import KMeans as Cluster\nmodel = Cluster(n=3)\n",
        "from dask_jobqueue import SLURMCluster as Cluster\ncluster = Cluster(cores=8)\n",
        "import dask.distributed as dd\nc = dd.Client(profile='lab')\n",
        "class Client:\n    pass\nx = Client()\n",
        "Client = make()\nx = Client(profile='lab')\n",
    ] {
        let text = format!("import ipyparallel as ipp\n{text}");
        assert_eq!(said(&text), "", "{text}");
        let line = text.lines().count() + 1;
        assert_eq!(said(&format!("{text}{ours}")), format!("{line}: the cluster in profile 'gpu'"), "{text}");
    }
}

#[test]
fn a_client_of_ipyparallel_is_known_by_its_import() {
    for text in [
        "from ipyparallel import Client\nrc = Client(profile='gpu')\n",
        "from ipyparallel import Client as C\nrc = C(profile='gpu')\n",
        "from ipyparallel import (\n    Client as C,  # ours\n    Cluster,\n)\nrc = C(profile='gpu')\n",
        "from ipyparallel import *\nrc = Client(profile='gpu')\n",
        "import ipyparallel\nrc = ipyparallel.Client(profile='gpu')\n",
        "import numpy as np, ipyparallel as p\nrc = p.Client(profile='gpu')\n",
        "from IPython import parallel\nrc = parallel.Client(profile='gpu')\n",
        "from ipyparallel.client import client\nrc = client.Client(profile='gpu')\n",
        "import ipyparallel as ipp\nC = ipp.Client\nrc = C(profile='gpu')\n",
        "from dask.distributed import Client\nfrom ipyparallel import Client\nrc = Client(profile='gpu')\n",
        "from helpers import *\nrc = Client(profile='gpu')\n",
        "from . import Client\nrc = Client(profile='gpu')\n",
        "rc = Client(profile='gpu')\n",
    ] {
        assert!(said(text).ends_with(": the cluster in profile 'gpu'"), "{text}: {}", said(text));
    }
}

#[test]
fn a_name_that_holds_a_literal_is_read() {
    let gpu = "the cluster in profile 'gpu'";
    for (text, expected) in [
        ("name = 'gpu'\nrc = ipp.Client(profile=name)\n", format!("2: {gpu}")),
        ("name = 'cpu'\nname = 'gpu'\nrc = ipp.Client(profile=name)\n", format!("3: {gpu}")),
        ("file = 'a.json'\nrc = ipp.Client(file)\n", "2: the cluster of the connection file a.json".into()),
        ("n = 3\nc = ipp.Cluster(n=n)\n", "2: 3 engines".into()),
        ("name = None\nrc = ipp.Client(profile=name)\n", String::new()),
        ("name = pick()\nrc = ipp.Client(profile=name)\n", String::new()),
        ("name = 'gpu'\nif lab:\n    name = 'lab'\nrc = ipp.Client(profile=name)\n", String::new()),
        (
            "name = 'gpu'\ntry:\n    name = 'lab'\nexcept E:\n    pass\nrc = ipp.Client(profile=name)\n",
            String::new(),
        ),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn a_cluster_without_a_name_counts_as_well() {
    for (text, expected) in [
        ("ipp.Client(profile='gpu')\n", "1: the cluster in profile 'gpu'"),
        ("dv = ipp.Client(profile='gpu')[:]\n", "1: the cluster in profile 'gpu'"),
        (
            "with ipp.Client(profile='gpu')[:].sync_imports():\n    import os\n",
            "1: the cluster in profile 'gpu'",
        ),
        (
            "print(1); ipp.Client(profile='gpu').wait_for_engines(2)\n",
            "1: the cluster in profile 'gpu'; 1: waits for 2",
        ),
        ("rc = ipp.Client(sshserver='me@host')\n", "1: the cluster behind the SSH server me@host"),
        (
            "rc = ipp.Client(ipython_dir='/lab', profile='x')\n",
            "1: the cluster in profile 'x' in the folder /lab",
        ),
        ("rc = ipp.Client(sshserver=None)\n", ""),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}
