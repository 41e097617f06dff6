"""An installation that is filled with the messages of years holds what intake would have made of them."""

import csv
import pathlib

PARTNERS = ["uhdb", "dchs", "derbys_police", "derby_community_action", "derby_riverside_school"]
MESSAGES = 4_000


# Of so many one is broken off.
WHOLE = 1_999


def bulk(hub, *options):
    return hub.hub("simulate", "bulk", "--messages", MESSAGES, "--persons", 1_000, "--days", 400, *options, check=False)


def count(hub, what):
    return int(hub.sql(f"SELECT count(*) FROM {what}"))


def test_what_is_stored_is_what_intake_makes(hub, home):
    refused = bulk(hub)
    assert refused.returncode == 65 and "hub partner add" in refused.stderr
    assert count(hub, "record.submission") == 0

    for partner in PARTNERS:
        hub.partner(partner)
    people = pathlib.Path(home) / "people.csv"
    done = bulk(hub, "--people", people)
    assert done.returncode == 0 and f"{MESSAGES} messages stored" in done.stdout, done.stderr
    assert count(hub, "record.submission WHERE state = 'accepted'") == MESSAGES - MESSAGES // WHOLE
    assert count(hub, "record.submission WHERE state IN ('quarantined', 'rejected')") == MESSAGES // WHOLE
    assert count(hub, "record.referral") == MESSAGES - MESSAGES // WHOLE
    assert count(hub, "record.submission WHERE received_at < now() - interval '399 days'") > 0
    assert count(hub, "record.submission WHERE received_at > now()") == 0
    # Lists are ordered by the time that stands in the id.
    in_id = "('x' || substr(replace(receipt::text, '-', ''), 1, 12))::bit(48)::bigint"
    assert count(hub, f"record.submission WHERE {in_id} <> (extract(epoch FROM received_at) * 1000)::bigint") == 0
    # Nothing is left to do, and nobody is told anything.
    assert count(hub, "queue.state") == count(hub, "record.share") == 0

    with people.open() as file:
        wanted = list(csv.DictReader(file))[7]
    assert hub.hub("person", "find", stdin=wanted["nhs_number"]).strip()
    receipt = hub.sql("SELECT receipt FROM record.submission WHERE state = 'accepted' ORDER BY receipt LIMIT 1").strip()
    life = hub.hub("trace", receipt)
    for kind in ("submission_received", "referral_stored", "submission_finished"):
        assert kind in life
    assert "holds" in hub.hub("ledger", "verify")

    # Of each run a few leave open whether it is the same person.
    assert 1_000 <= count(hub, "record.person") <= 1_000 + MESSAGES // 50
    assert bulk(hub).returncode == 0
    assert count(hub, "record.submission") == 2 * MESSAGES
    assert count(hub, "record.person") <= 1_000 + 2 * MESSAGES // 50


def test_an_installation_in_use_is_left_alone(hub, home):
    configuration = pathlib.Path(home) / "hub.yaml"
    configuration.write_text(configuration.read_text().replace("environment: test", "environment: production"))
    refused = bulk(hub)
    assert refused.returncode == 78 and "environment: test" in refused.stderr
    assert count(hub, "record.submission") == 0


def test_what_cannot_be_stored_is_said_before_anything_is(hub):
    for wrong in (["--persons", "999"], ["--connections", "0"], ["--days", "0"], ["--messages", "0"]):
        assert hub.hub("simulate", "bulk", "--messages", 10, *wrong, check=False).returncode == 64
