"""Each Python program of docs/cookbook.md does its job. Node's are run by bindings-node/tests/cookbook.test.mjs."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkers import CHECKERS, Checker
from cookbook import START, Workspace, programs
from simulator import PROGRAM, REPOSITORY, Simulator

from beproduct_client import BeProduct, values_of
from beproduct_client.types import StyleHeader


def styles_of(client: BeProduct, folder: str) -> list[StyleHeader]:
    return [style for style in client.style.list() if (style.get("folder") or {}).get("name") == folder]


def numbers_of(styles: list[StyleHeader]) -> list[str]:
    return [style["headerNumber"] or "" for style in styles]


def value(client: BeProduct, style: StyleHeader, field: str) -> Any:
    return values_of(client.style.get(style["id"]))[field]


def front_picture(style: StyleHeader) -> str | None:
    return ((style.get("headerData") or {}).get("frontImage") or {}).get("origin")


def test_nightly_export(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    outerwear = styles_of(client, "Outerwear")
    workspace.count()
    assert workspace.run("Nightly export") == [f"{len(outerwear)} styles in styles.ndjson"]
    exported = workspace.read("styles.ndjson")
    assert [json.loads(line) for line in exported] == outerwear
    assert workspace.count() == 2

    # A list that ends too early fails, and the file of the day before stays.
    body = {"result": outerwear[:3], "total": 400}
    simulator.faults({"path": "Style/Headers", "times": 0, "action": {"status": 200, "body": body}})
    printed, errors, code = workspace.attempt("Nightly export")
    assert (printed, code) == ("", 1)
    assert "IncompleteError" in errors
    assert workspace.read("styles.ndjson") == exported


def test_push_of_attributes(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    plain, wrong, repeated, lost, dropped, *_ = outerwear = styles_of(client, "Outerwear")
    seasons = ["Fall 2026", "Fal 2026", "Fall 2026", "Fall 2026", "Fall 2026"]
    rows = [f"{number},{season},99.5" for number, season in zip(numbers_of(outerwear), seasons, strict=False)]
    workspace.write("changes.csv", "number,season,target_price", *rows, "NO-SUCH,Fall 2026,1")
    simulator.faults(
        {"path": f"{repeated['id']}/Update", "action": {"status": 503, "apply": True}},
        {"path": f"{lost['id']}/Update", "times": 0, "action": {"status": 503}},
        {"path": f"{dropped['id']}/Update", "action": {"not_stored": ["season"]}},
    )
    workspace.count()
    assert workspace.run("Push of attributes") == []
    header, *outcomes = workspace.read("outcomes.csv")
    assert header == "number,outcome,problem"
    assert [line.split(",")[1] for line in outcomes] == [
        "applied",
        "not_sent",
        "applied",
        "unknown",
        "applied",
        "not_sent",
    ]
    assert outcomes[0].endswith(",applied,")
    assert "Fall 2026" in outcomes[1]  # it says which choice may have been meant
    assert outcomes[4].endswith(",applied,not stored: season")
    assert outcomes[5] == 'NO-SUCH,not_sent,"no style, or several, have this number"'
    # The folders, their schema and the lookup; then one, none, two, four and one.
    assert workspace.count() == 3 + 1 + 0 + 2 + 4 + 1
    assert [value(client, style, "target_price") == 99.5 for style in outerwear[:6]] == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    assert value(client, plain, "season") == "Fall 2026"
    assert value(client, wrong, "season") == values_of(wrong)["season"]


def test_images(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    styles = [style for style in styles_of(client, "Outerwear") if not front_picture(style)]
    path, url, _, refused, away, *_ = styles
    numbers = numbers_of(styles)[:5]
    (workspace.folder / "a.png").write_bytes(b"a picture")
    link = simulator.make_file("b.png", 300)["link"]
    pictures = ["a.png", link, "none.png", "a.png", "a.png"]
    rows = [f"{number},{picture}" for number, picture in zip(numbers, pictures, strict=True)]
    workspace.write("pictures.csv", "number,picture", *rows)
    simulator.faults(
        {"path": f"{refused['id']}/Image/Upload", "action": {"upload": {"looks": 1, "fail": "no picture"}}},
        {"path": f"{away['id']}/Image/Upload", "action": {"status": 503, "apply": True}},
    )
    workspace.count()
    printed = sorted(workspace.run("Images"))
    assert [line.partition(":")[0] for line in printed] == [f"{number} has no new picture" for number in numbers[2:]]
    assert [line.partition(": ")[2].partition(",")[0] for line in printed] == ["not_sent", "refused", "unknown"]
    assert "no picture" in printed[1].partition(": ")[2]
    # Two lookups. Each of four files is sent once; three looks at two of them, two at the one that fails.
    assert workspace.count() == 2 + 4 + 3 + 3 + 2
    front = workspace.folder / "front"
    assert (front / f"{numbers[0]}.png").read_bytes() == b"a picture"
    assert (front / f"{numbers[1]}.png").stat().st_size == 300
    assert not (front / f"{numbers[2]}.png").exists()
    for style in (path, url):
        assert front_picture(client.style.get(style["id"]))

    # A picture that the storage no longer has is named, and the other one comes.
    workspace.write("pictures.csv", "number,picture", f"{numbers[2]},a.png", f"{numbers[3]},a.png")
    simulator.faults({"base": "storage", "action": {"status": 404}})
    (line,) = workspace.run("Images")
    missing = line.partition(" is missing: ")[0]
    assert {missing, *(f"front/{file.name}" for file in front.iterdir())} >= {
        f"front/{one}.png" for one in numbers[2:4]
    }
    assert not (workspace.folder / missing).exists()


def test_directory(workspace: Workspace, client: BeProduct) -> None:
    douro = next(company for company in client.directory.list() if company.get("name") == "Douro Mills")
    known = next(iter(client.directory.contact_list(douro["id"])))
    workspace.write(
        "vendors.csv",
        "name,type,email,first,last",
        f"Douro Mills,VENDOR,{(known['email'] or '').upper()},{known['firstName']},{known['lastName']}",
        "Douro Mills,VENDOR,Rosa@douro.example,Rosa,Lima",
        "Minho Trims,SUPPLIER,jo@minho.example,Jo,Reis",
        "Minho Trims,SUPPLIER,ana@minho.example,Ana,Reis",
        "Minho Trims,AGENT,ana@minho.example,Ana,Reis",
        "Lima Knits,FACTORY,jo@lima.example,Jo,Lima",
    )
    workspace.count()
    assert workspace.run("Directory") == [
        "rosa@douro.example is new at Douro Mills",
        "Minho Trims is new",
        "jo@minho.example is new at Minho Trims",
        "ana@minho.example is new at Minho Trims",
        "Minho Trims is new",
        "ana@minho.example is new at Minho Trims",
        "Lima Knits is new",
        "jo@lima.example is new at Lima Knits",
    ]
    first = workspace.count()
    companies = {
        (company.get("name"), company.get("partnerType")): company["id"] for company in client.directory.list()
    }
    minho = client.directory.contact_list(companies["Minho Trims", "SUPPLIER"]).collect()
    assert [(contact.get("email"), contact.get("firstName")) for contact in minho] == [
        ("jo@minho.example", "Jo"),
        ("ana@minho.example", "Ana"),
    ]
    # Three companies and five contacts were added. Once more, the lists alone are read.
    workspace.count()
    assert workspace.run("Directory") == []
    assert workspace.count() == first - 8


def test_tracking_plans(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    plan = simulator.about["plan"]
    rows = client.tracking.style_timeline_list(plan).collect()
    fit = [(row.get("timelines") or [])[1]["id"] for row in rows]
    begun = [
        {"id": row["id"], "timelines": [{"id": entry, "status": {"value": "In Progress"}}]}
        for row, entry in zip(rows[:3], fit, strict=False)
    ]
    client.tracking.style_timeline_update(plan, begun)
    before = client.tracking.style_progress(plan)
    assert before.get("in_progress") == 3
    new = len(styles_of(client, "Denim"))
    workspace.count()
    total, approved = 2 * (len(rows) + new), (before.get("approved") or 0) + 3
    assert workspace.run("Tracking plans") == [
        f"{new} styles are new in the plan",
        f"3 entries approved; {approved} of {total} are now",
    ]
    assert workspace.count() == 7
    after = {row["id"]: row for row in client.tracking.style_timeline_list(plan)}
    assert len(after) == len(rows) + new
    for number, row in enumerate(rows):
        (_, entry) = after[row["id"]].get("timelines") or []
        assert entry.get("status") == ("Approved" if number < 3 else "Not Started")
    assert workspace.run("Tracking plans") == [
        "0 styles are new in the plan",
        f"0 entries approved; {approved} of {total} are now",
    ]


def post(address: str, body: Any) -> int:
    request = urllib.request.Request(address, data=json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_webhooks(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    first, second, *_ = styles_of(client, "Outerwear")
    rows = client.tracking.style_timeline_list(simulator.about["plan"]).collect()

    def event(style: StyleHeader, kind: str, **data: Any) -> dict[str, Any]:
        about = {"headerId": style["id"], "headerNumber": style.get("headerNumber"), "folderName": "Style"}
        return {"eventType": kind, **about, "data": data, "date": "2026-05-20T14:02:07.9051134Z"}

    events = [
        event(first, "OnChange"),
        event(first, "OnChange"),
        event({**second, "id": "0b7e1f0a-2f4e-4ac3-9f0c-0d6b1de31a55"}, "OnCreate"),
        event(first, "OnChange", planId=simulator.about["plan"], timelineId=rows[0]["id"]),
        {"eventType": "OnCopy"},
        event(second, "OnDelete"),
    ]
    workspace.environment |= {"WEBHOOK_SECRET": "a-path-that-nobody-guesses", "PORT": "0"}
    workspace.count()
    with workspace.start(workspace.program("Webhooks")) as process:
        try:
            assert process.stdout
            assert process.stderr
            port = re.fullmatch(r"listening at port (\d+)\n", process.stdout.readline())
            assert port, process.stderr.read()
            address = f"http://127.0.0.1:{port[1]}"
            assert [post(f"{address}/a-path-that-nobody-guesses", body) for body in events] == [200] * len(events)
            assert post(f"{address}/a-path-that-nobody-guesses", {"no": "event"}) == 400
            assert post(f"{address}/another-path", events[0]) == 404
            printed = [process.stdout.readline().rstrip("\n") for _ in range(4)]
        finally:
            process.terminate()
    assert printed == [
        f"change of {first['headerNumber']}: {first.get('headerName')}",
        f"{second['headerNumber']} was not read: Style not found",
        f"the plan {simulator.about['plan']} has {len(rows)} rows",
        f"{second['headerNumber']} was deleted",
    ]
    assert workspace.count() == 3


@pytest.fixture
def other_simulator() -> Iterator[Simulator]:
    simulator = Simulator("--company", "globex", "--seed", "2")
    yield simulator
    simulator.stop()


def test_many_companies(
    workspace: Workspace, client: BeProduct, simulator: Simulator, other_simulator: Simulator
) -> None:
    profiles = ""
    for about in (simulator.about, other_simulator.about):
        settings = {
            "company_domain": about["company"],
            "client_id": about["client_id"],
            "client_secret": about["client_secret"],
            "refresh_token": about["refresh_token"],
            "api_url": about["api"],
            "identity_url": about["identity"],
        }
        profiles += f"[{about['company']}]\n" + "".join(f'{name} = "{text}"\n' for name, text in settings.items())
    workspace.profiles(Path(workspace.environment["BEPRODUCT_CREDENTIALS_FILE"]), profiles)
    workspace.environment |= {
        "ACTING_CLIENT_ID": simulator.about["impersonation_client_id"],
        "ACTING_CLIENT_SECRET": simulator.about["impersonation_client_secret"],
    }
    acme = {"licenses": 8, "user": simulator.about["user_id"]}
    globex = {"licenses": 2, "user": other_simulator.about["user_id"]}
    workspace.write("companies.json", json.dumps({"acme": acme, "initech": acme, "globex": globex}))
    workspace.count()
    printed = workspace.run("Many companies")
    spent = {"acme": workspace.count(), "globex": other_simulator.count()}
    for line, simulated, limit in ((printed[0], simulator, 2000), (printed[2], other_simulator, 500)):
        company = simulated.about["company"]
        comments = [entry for entry in simulated.log() if "Comment" in entry["target"]]
        assert len(comments) > 0
        assert {entry["user"] for entry in comments} == {"sample.manager"}
        assert line == f"{company}: {len(comments)} reminders, {limit - spent[company]} requests left today"
    assert printed[1].startswith("initech: config, ")
    concepts = [style for style in styles_of(client, "Denim") if values_of(style)["style_status"] == "Concept"]
    assert [len(client.style.comment_list(style["id"])) for style in concepts] == [1] * len(concepts)


def test_tests(workspace: Workspace) -> None:
    workspace.environment["BEPRODUCT_SIMULATOR"] = str(PROGRAM)
    program = workspace.program("Tests")
    with workspace.start("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", program) as process:
        printed, errors = process.communicate()
    assert process.returncode == 0, printed + errors
    assert "2 passed" in printed


def test_quota(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    outerwear = [style for style in styles_of(client, "Outerwear") if values_of(style)["target_price"] is not None]
    workspace.count()
    assert workspace.run("Quota") == [f"price rise {len(outerwear) + 2}"]
    assert workspace.count() == len(outerwear) + 2
    for style in outerwear:
        price = values_of(style)["target_price"]
        assert value(client, style, "target_price") == pytest.approx(price * 1.05, abs=0.006)

    # A program that shares the ledger has leased so much that the floor is near: the rest waits for the next day.
    (ledger,) = workspace.state.rglob("*.sqlite")
    used = len(outerwear) + 2
    settings: dict[str, Any] = simulator.settings() | {"ledger": {"sqlite": str(ledger)}}
    settings["testing"] = {"clock": "recorded", "start": START}
    with BeProduct(**settings, quota_lease=2000 - 200 - 20 - used) as other:
        other.style.folders()
        workspace.count()
        text, _, code = workspace.attempt("Quota")  # the log says that it waits
    assert code == 0
    *said, total = text.splitlines()
    event, warning = sorted(said)  # events come from a thread of the client
    assert event == "1781 of 2000 requests are used"
    assert warning == f"{len(outerwear)} requests, and 18 are left: the rest waits until 2026-11-26T00:00:00Z"
    assert total == f"price rise {2 * used}"
    assert workspace.count() == used


def test_errors(workspace: Workspace, client: BeProduct, simulator: Simulator) -> None:
    (there, *_) = numbers_of(styles_of(client, "Knitwear"))
    names = {f"KN-{letter}": f"Jumper {letter}" for letter in "ABCDE"}
    rows = [f"{number},{name}" for number, name in {there: "Jumper", **names}.items()]
    workspace.write("new_styles.csv", "number,name", *rows, f"KN-F,{'x' * 300}")
    create = "Style/Header/Create"
    simulator.faults(
        {"path": create, "body": "KN-B", "action": {"status": 503, "apply": True}},
        {"path": create, "body": "KN-C", "action": {"status": 503}},
        {"path": create, "body": "KN-D", "action": {"status": 200, "body": {}, "apply": True}},
        {
            "path": create,
            "body": "KN-E",
            "action": {"status": 400, "body": {"error": True, "message": "no such number"}},
        },
    )
    workspace.count()
    *printed, created, lost = workspace.run("Errors")
    assert printed == [
        "KN-A: created",
        "KN-D: created, with an answer that could not be read",
        "KN-E: not created, validation: no such number",
        printed[3],
    ]
    assert printed[3].startswith("KN-F: not created, config: ")
    assert created == "KN-B: created, although no answer came"
    assert lost == "KN-C: not created, run the program again"
    # Folders, schema, lookup; five were sent once, the sixth never; one lookup more.
    assert workspace.count() == 3 + 5 + 1

    # Once more: what is there stays, the rest is made.
    printed = workspace.run("Errors")
    assert printed[:2] == ["KN-C: created", "KN-E: created"]
    numbers = numbers_of(styles_of(client, "Knitwear"))
    assert [numbers.count(number) for number in [there, *names]] == [1] * 6

    # What concerns all of them ends the program: a sign-in that is not accepted, and a limit.
    workspace.write("new_styles.csv", "number,name", "KN-G,Jumper G", "KN-H,Jumper H")
    simulator.faults({"path": create, "times": 2, "action": {"status": 401}})
    text, errors, code = workspace.attempt("Errors")
    assert (text, errors[:21], code) == ("", "a person has to act: ", 1)
    body = {"error": "too many", "retryAfterSeconds": 600, "window": "1 hour", "limit": 60}
    simulator.faults({"path": create, "action": {"status": 429, "body": body, "headers": {"Retry-After": "600"}}})
    assert workspace.run("Errors") == ["KN-G and those after it: again in 600.0 seconds"]


@pytest.mark.parametrize("language", ["python", "ts"])
def test_each_job_has_one_program_and_a_test(language: str) -> None:
    jobs = programs(language)
    assert len(jobs) == 10
    assert [job for job, found in jobs.items() if len(found) != 1] == []
    assert [job for job in jobs if f"test_{job.lower().replace(' ', '_')}" not in globals()] == []


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs as files of a folder."""
    folder = tmp_path_factory.mktemp("cookbook")
    for job, (code,) in programs("python").items():
        (folder / f"{job.lower().replace(' ', '_')}.py").write_text(code, encoding="utf-8")
    return folder


@pytest.mark.parametrize("check", CHECKERS)
def test_type_checkers_find_nothing(check: Checker, files: Path) -> None:
    assert check(files) == []


@pytest.mark.parametrize("command", [["check"], ["format", "--diff"]], ids=["lint", "format"])
def test_the_programs_look_like_the_code_of_the_package(command: list[str], files: Path) -> None:
    settings = REPOSITORY / "bindings-python" / "pyproject.toml"
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, *command, "--quiet", "--no-cache", "--config", settings, files],
        check=False,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stdout + done.stderr
