"""Eglot in a real Emacs: the tests stand in eglot.el, and run in one Emacs."""

import json
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).parent


def test_eglot_has_what_it_supports(script, recorded, server_environment):
    emacs = os.environ.get("PXLENS_TEST_EMACS", "emacs")
    env = {
        **server_environment,
        "PXLENS_TEST_COMMAND": json.dumps(recorded),
        "PXLENS_TEST_SCRIPT": str(script),
        # The titles of actions are not ASCII.
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }
    command = [emacs, "--batch", "-q", "-l", str(HERE / "eglot.el")]
    done = subprocess.run(command, env=env, cwd=script.parent, capture_output=True, text=True, timeout=600)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    ran = re.search(r"^Ran (\d+) tests, (\d+) results as expected, 0 unexpected", said, re.MULTILINE)
    assert ran and int(ran[1]) >= 6 and int(ran[2]) >= 5, said
    skipped = re.findall(r"^\s+skipped\s+\d+/\d+\s+(\S+)", said, re.MULTILINE)
    # What an older eglot does not have; anything else must run.
    assert set(skipped) <= {"px-inlay-hints-show-state-and-result"}, said
    version = subprocess.run([emacs, "--version"], capture_output=True, text=True, timeout=60).stdout
    print(f"{version.splitlines()[0]}: {ran[0]}; SKIPPED, this eglot has none: {', '.join(skipped) or 'nothing'}")
