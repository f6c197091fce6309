import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from simulator import cli, running
from simulator.options import Options, UnusableError
from tests.simulator.asking import VM, vm

ASK = """
    import http.client, os, ssl, sys

    def proxied(host):
        proxy = os.environ["HTTPS_PROXY"].removeprefix("http://")
        context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
        connection = http.client.HTTPSConnection(proxy, context=context)
        connection.set_tunnel(host, 443)
        return connection

    def token():
        url = os.environ["IDENTITY_ENDPOINT"].removeprefix("http://")
        connection = http.client.HTTPConnection(url.partition("/")[0])
        connection.request(
            "GET",
            "/" + url.partition("/")[2] + "?resource=https://management.azure.com/",
            headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]},
        )
        return __import__("json").loads(connection.getresponse().read())["access_token"]

    def ask(method, path):
        connection = proxied("management.azure.com")
        connection.request(
            method, path + "?api-version=2024-07-01", headers={"Authorization": "Bearer " + token()}
        )
        return connection.getresponse().status
"""
"""A client of nothing but the standard library, for commands that run against the simulator."""


@pytest.fixture
def estate(tmp_path):
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "resources.ndjson").write_text(json.dumps(vm("vm-1")) + "\n")
    return folder


def python(code):
    return [sys.executable, "-c", textwrap.dedent(ASK) + textwrap.dedent(code)]


def test_a_command_finds_azure_in_its_environment_and_its_code_comes_back(estate, tmp_path):
    stats = tmp_path / "stats.json"

    code = running.execute(Options(estate, stats=stats), python(f"sys.exit(ask('GET', {VM!r}) - 193)"))

    assert code == 200 - 193
    assert [(one["n"], one["path"], one["status"]) for one in json.loads(stats.read_text())["requests"]] == [
        (1, "/msi/token", 200),
        (2, VM, 200),
    ]


def test_the_whole_of_it_as_the_user_types_it(estate, root):
    shell = ["sh", "-c", "echo $0 $1; exit 3", "--port", "7"]
    command = [sys.executable, "-m", "simulator", "exec", "--estate", str(estate), "--", *shell]

    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (3, "--port 7\n", "")


def test_the_estate_of_after_is_written(estate, tmp_path):
    after = tmp_path / "after"

    running.execute(Options(estate, state=after), python(f"ask('DELETE', {VM!r})"))

    assert (after / "triggers.ndjson").read_text() == ""
    assert running.execute(Options(after), python(f"sys.exit(ask('GET', {VM!r}) == 404)")) == 1


@pytest.mark.parametrize(
    ("kill_at", "survives"),
    [pytest.param("2", True, id="before"), pytest.param("2:after", False, id="after it was carried out")],
)
def test_a_command_is_killed_at_a_request_with_its_children(estate, tmp_path, kill_at, survives):
    after, mark = tmp_path / "after", tmp_path / "mark"
    code = f"ask('DELETE', {VM!r}); open({str(mark)!r}, 'w')"
    shell = ["sh", "-c", '"$@"; touch "$0"', str(mark), *python(code)]

    exit_code = running.execute(Options(estate, state=after, kill_at=kill_at), shell)

    assert exit_code == 137
    assert not mark.exists(), "neither the shell nor its child went on"
    rows = (after / "resources.ndjson").read_text() if (after / "resources.ndjson").exists() else ""
    assert ("vm-1" in rows) is survives


def test_a_command_that_dies_of_a_signal_gives_128_and_its_number(estate):
    assert running.execute(Options(estate), ["sh", "-c", "kill -15 $$"]) == 128 + signal.SIGTERM


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_to_the_command(estate, sent):
    code = f"""
        import signal
        signal.signal({int(sent)}, lambda *_: sys.exit(9))
        os.kill(os.getppid(), {int(sent)})
        signal.pause()
    """

    assert running.execute(Options(estate), python(code)) == 9


def test_what_a_command_leaves_behind_is_killed(estate, tmp_path):
    """Its child holds the pipe open for writing: were it alive, reading would not end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    code = running.execute(Options(estate), ["sh", "-c", 'exec 3>"$0"; sleep 60 & exit 4', str(pipe)])

    os.set_blocking(reading, True)
    assert (code, os.read(reading, 1)) == (4, b"")
    os.close(reading)


def test_a_bug_of_ours_fails_a_run_that_would_have_passed(estate, mocker, capfd):
    mocker.patch("simulator.world.World.rest_row", side_effect=KeyError("ours"))

    assert running.execute(Options(estate), python(f"ask('GET', {VM!r})")) == running.BROKEN
    assert "KeyError: 'ours'" in capfd.readouterr().err


def test_a_command_that_cannot_be_run_is_named(estate):
    with pytest.raises(UnusableError, match="cannot run '/no/such': No such file or directory"):
        running.execute(Options(estate), ["/no/such"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--estate", "/no/such"], "estate '/no/such' is not a folder", id="no estate"),
        pytest.param(
            ["--estate", "{estate}", "--quota", "many"], "quota is queries/seconds such as", id="quota"
        ),
        pytest.param(["--estate", "{estate}", "--quota", "15/0"], "got '15/0'", id="a quota of no time"),
        pytest.param(["--estate", "{estate}", "--speed", "0"], "speed is more than 0, got 0.0", id="speed"),
        pytest.param(["--estate", "{estate}", "--kill-at", "0"], "kill-at is N or N:after", id="kill at"),
        pytest.param(["--estate", "{estate}", "--faults", "/no"], "No such file or directory", id="faults"),
        pytest.param(
            ["--estate", "{estate}", "--stats", "/no/such/file"],
            "stats '/no/such/file': its folder does not exist",
            id="a result that could not be written",
        ),
        pytest.param(["--estate", "{estate}", "--nope"], "No such option: --nope", id="an unknown option"),
        pytest.param(["--latency", "1"], "Missing option '--estate'", id="a missing one"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_runs(estate, monkeypatch, capfd, arguments, message):
    given = [one.format(estate=estate) for one in arguments]
    monkeypatch.setattr(sys, "argv", ["simulator", "exec", *given, "--", "echo", "started"])

    with pytest.raises(SystemExit) as left:
        cli.main()

    out, err = capfd.readouterr()
    assert left.value.code == 2
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("simulator: ")
    assert message in err


def test_identities_are_checked_before_anything_starts(estate):
    (estate / "world.json").write_text('{"identities": [{"name": "me"}]}')

    with pytest.raises(
        UnusableError, match=r"world.json: identities\[0\]: expected an object with client_id"
    ):
        running.execute(Options(estate), ["true"])


def test_serving_says_how_to_use_it_and_time_can_be_let_pass(estate, tmp_path, root):
    env_file, after = tmp_path / "env", tmp_path / "after"
    places = ["--env-file", str(env_file), "--state", str(after), "--stats", str(tmp_path / "stats.json")]
    command = [sys.executable, "-m", "simulator", "serve", "--estate", str(estate), *places]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as served:
        said = served.stdout.readline()
        running.advance("1h", env_file)
        with pytest.raises(UnusableError, match="a duration is a number with s, m, h or d"):
            running.advance("soon", env_file)
        served.send_signal(signal.SIGINT)
        rest = served.stdout.read()

    assert said.endswith(f"plays {estate}; use it with: set -a; . {env_file}; set +a (Ctrl-C stops it)\n")
    assert (served.returncode, rest) == (0, "")
    assert env_file.stat().st_mode & 0o777 == 0o600
    assert {"HTTPS_PROXY", "IDENTITY_HEADER", "SIMULATOR_URL"} <= {
        line.partition("=")[0] for line in env_file.read_text().splitlines()
    }
    assert (after / "resources.ndjson").exists()
    with pytest.raises(UnusableError, match="no simulator answers"):
        running.advance("1h", env_file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "No such file or directory", id="no file"),
        pytest.param("A=b\n", "no SIMULATOR_URL in it; serve --env-file writes one", id="another file"),
    ],
)
def test_advance_needs_the_file_that_serve_wrote(tmp_path, text, message):
    env_file = tmp_path / "env"
    if text:
        env_file.write_text(text)

    with pytest.raises(UnusableError, match=message):
        running.advance("1h", env_file)
