"""One role per process: each shows its own health and figures, and partners see none of them."""

import pytest
import requests

from conftest import eventually
from installation import free_port, hl7


def answers(url):
    try:
        return requests.get(url, timeout=2)
    except requests.ConnectionError:
        return None


@pytest.mark.parametrize("role", ["files", "intake", "dispatch", "housekeeping"])
def test_a_process_of_one_role_shows_health_and_figures_on_loopback(hub, role):
    port = free_port()
    process = hub.serving("--only", role, "--admin-port", port).start()
    hub.others.append(process)
    admin = f"http://127.0.0.1:{port}"
    assert eventually(lambda: answers(admin + "/readyz"), why="the admin listener").status_code == 200
    assert answers(admin + "/healthz").json() == {"status": "alive"}
    figures = answers(admin + "/metrics")
    assert figures.status_code == 200 and "hub_queue_ready" in figures.text
    # It is no way in for partners.
    posted = requests.post(admin + "/v1/referrals", data=hl7("R1"), headers=hub.authorised("uhdb"), timeout=5)
    assert posted.status_code == 404


def test_a_service_is_logged_by_its_name_and_not_by_all_that_it_holds(hub):
    port = free_port()
    hub.environment["LOG_LEVEL"] = "debug"
    hub.others.append(hub.serving("--only", "files,intake,dispatch,housekeeping", "--admin-port", port).start())
    assert eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), why="the admin listener").status_code == 200
    log = (hub.home / "hub.log").read_text()
    assert "consumer out.derby_homes" in log
    assert max(map(len, log.splitlines())) < 1000


def test_partners_do_not_see_the_figures(hub):
    assert answers(hub.url + "/metrics").status_code == 404
    assert answers(f"http://127.0.0.1:{hub.admin_port}/metrics").status_code == 200


def test_roles_on_processes_of_their_own_do_the_work_together(hub):
    hub.server.stop()
    hub.server = hub.serving("--only", "api")
    hub.start()
    for roles in ("files,intake", "dispatch,housekeeping"):
        hub.others.append(hub.serving("--only", roles, "--admin-port", free_port()).start())
    hub.start_derby_homes()
    person = hub.person()
    hub.agree(person, ("derby_homes", "housing_support"))
    share = hub.share(person, "derby_homes", "housing_support")
    eventually(lambda: hub.share_state(share["share_id"]) == "delivered", why="delivery")
