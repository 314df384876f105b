"""The fixtures of the tests: a real cluster, a folder with a script, and a client that speaks standard LSP alone.

The environment names what is under test: PXLENS_TEST_SERVER, and PXLENS_TEST_PYTHON, which has ipyparallel.
`cargo xtask clients` sets both.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import uuid

import pytest
import pytest_asyncio

import messages
from plain import CLIENTS, Plain

HERE = pathlib.Path(__file__).parent
DRIVERS = HERE.parent / "src/real"
ENGINES = 4
# Seconds for the cluster to start, or to run a line.
PATIENCE = 120

SCRIPT = """\
import ipyparallel as ipp

# %%
%%px
print('hello from', rank)
rank * 10

# %%
%%px
x = 1
if rank == 1:
    raise ValueError('only on one')

# %%
%%px
import time
time.sleep(300)
"""


def named(variable):
    value = os.environ.get(variable)
    if not value:
        pytest.exit(f"{variable} is not set: run `cargo xtask clients`", returncode=2)
    return value


def environment(home, **more):
    """Little of ours: no cluster, profile or package of the machine is seen."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TERM") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **more}


class Cluster:
    """A controller and its engines; each knows its `rank`. A watchdog ends them when this process is gone, however it went."""

    def __init__(self):
        python = named("PXLENS_TEST_PYTHON")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pxlens-cluster-"))
        self.ipython_dir = self.folder / "ipython"
        token = f"pxlens-test-{uuid.uuid4()}"
        env = environment(self.folder)
        self._watchdog = subprocess.Popen(
            [python, DRIVERS / "watchdog.py", token, self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env,
            start_new_session=True,
        )
        self._log = (self.folder / "driver.log").open("wb")
        self._driver = subprocess.Popen(
            [python, DRIVERS / "driver.py", str(ENGINES)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, start_new_session=True,
            env={**env, "IPYTHONDIR": str(self.ipython_dir), "PXLENS_TEST_CLUSTER": token},
        )
        if self._answer() != {"ready": True}:
            raise RuntimeError("the cluster does not start")
        self.python("for i in rc.ids:\n    rc[i].push({'rank': i}, block=True)")

    def python(self, code):
        """Runs Python beside the cluster, with a client `rc`, and gives what it assigned to `answer`."""
        self._driver.stdin.write(json.dumps({"code": code}) + "\n")
        self._driver.stdin.flush()
        return self._answer()["answer"]

    def stop(self):
        self._driver.stdin.close()
        self._watchdog.stdin.close()
        self._watchdog.wait(timeout=60)
        self._driver.wait(timeout=60)
        self._driver.stdout.close()
        self._log.close()

    def _answer(self):
        limit = threading.Timer(PATIENCE, self._driver.kill)
        limit.start()
        line = self._driver.stdout.readline()
        limit.cancel()
        answer = json.loads(line or '{"error": "it ended"}')
        if "error" in answer:
            log = (self.folder / "driver.log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{answer['error']}\n{log}")
        return answer


@pytest.fixture(scope="session")
def cluster():
    started = Cluster()
    yield started
    started.stop()


@pytest.fixture
def script(tmp_path):
    """A script with a px cell that prints, one that fails on an engine, and one that takes too long."""
    path = tmp_path / "cells.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.fixture
def recorded(request):
    """A command line for the server that records what is said; all of it is checked when the test is over.

    A test that is marked `odd` says what no client should: only what the server says is checked.
    """
    # Kept for whoever wants to read them, and for a summary over all tests.
    odd = request.node.get_closest_marker("odd") is not None
    kept = os.environ.get("PXLENS_TEST_MESSAGES")
    with contextlib.ExitStack() as stack:
        folder = kept or stack.enter_context(tempfile.TemporaryDirectory())
        folder = pathlib.Path(tempfile.mkdtemp(prefix="odd-" if odd else "test-", dir=folder))
        yield [sys.executable, str(HERE / "record.py"), str(folder), named("PXLENS_TEST_SERVER"), "lsp"]
        found = list(messages.files([folder]))
        assert found, "the server was never started"
        for file in found:
            counts, wrong = messages.check_file(file)
            assert not wrong, "\n".join(wrong)
            assert counts["server", "answer to initialize"] == 1, counts


@pytest.fixture
def server_environment(tmp_path, cluster):
    home = tmp_path / "home"
    home.mkdir()
    return environment(home, IPYTHONDIR=str(cluster.ipython_dir))


@pytest_asyncio.fixture(params=CLIENTS)
async def client(request, script, recorded, server_environment):
    """Each client in turn, with the script open."""
    plain = await Plain.start(request.param, recorded, server_environment, script.parent)
    plain.open(script)
    yield plain
    await plain.stop()
