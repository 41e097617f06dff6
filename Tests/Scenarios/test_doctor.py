"""What `hub doctor` finds where deliveries are stuck, and what it advises."""

import json

from conftest import eventually

HOUSING = ("derby_homes", "housing_support")


def findings(hub):
    return [json.loads(line) for line in hub.hub("doctor", "--json", check=False).stdout.splitlines()]


def queued_share(hub):
    person = hub.person()
    hub.agree(person, HOUSING)
    return hub.share(person, *HOUSING)["share_id"]


def test_messages_for_a_partner_that_is_no_longer_configured_are_named(hub):
    share = queued_share(hub)
    eventually(lambda: hub.staff("GET", f"/v1/shares/{share}").json()["attempts"] >= 1, why="an attempt")
    assert findings(hub) == []
    hub.server.stop()
    lines = (hub.home / "hub.yaml").read_text().splitlines()
    (hub.home / "hub.yaml").write_text("\n".join(line for line in lines if "derby_homes:" not in line) + "\n")
    hub.start()
    [found] = findings(hub)
    assert found["severity"] == "attention"
    assert found["what"] == "1 messages wait in out.derby_homes, but no outbound.derby_homes is configured"
    assert "Configure `outbound.derby_homes`" in found["remedy"]


def test_a_release_without_an_outcome_that_nobody_works_on_is_named(hub):
    hub.start_derby_homes()
    share = queued_share(hub)
    eventually(lambda: hub.share_state(share) == "delivered", why="delivery")

    def unfinished(began):
        hub.sql(
            f"UPDATE record.share_attempt SET outcome = NULL, finished_at = NULL, started_at = now() - interval '{began}'"
        )
        hub.sql("UPDATE record.share SET state = 'sending', finished_at = NULL")

    unfinished("30 seconds")
    assert findings(hub) == [], "the lease and the request's time have not run out"
    unfinished("2 minutes")
    [found] = findings(hub)
    assert found["severity"] == "attention"
    assert "1 releases to derby_homes have no outcome" in found["what"] and share in found["what"]
    assert f"hub trace {share}" in found["remedy"]
    # As soon as another attempt follows, nothing is stuck.
    hub.sql("UPDATE record.share SET attempts = attempts + 1")
    assert findings(hub) == []
