"""Compose file and Kubernetes manifests: read by their schemas, and held against our settings."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from coinmux.framework.config.settings import SETTINGS, Settings
from coinmux.server.cli import cli
from coinmux.server.process.process_end import GRACE_S
from tests.deploy.dockerfile import stages

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy/compose.yaml"
MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/coinmux.yaml").read_text()))
GIVEN = {"ADMIN_TOKEN": "t" * 32, "POSTGRES_PASSWORD": "s3cret"}


@pytest.fixture(scope="module")
def services():
    """The services, with the variables filled in as compose does."""
    text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: GIVEN[found[1]], COMPOSE.read_text())
    assert "$" not in text
    return yaml.safe_load(text)["services"]


def test_the_settings_of_compose_are_ours_and_can_be_read(services):
    """coinmux starts with them; the database and the store are the services beside it."""
    given = services["coinmux"]["environment"]
    assert set(given) <= set(SETTINGS)
    settings = Settings.read(given)
    assert f"@postgres/{services['postgres']['environment']['POSTGRES_USER']}" in (
        settings.database_url.reveal()
    )
    assert settings.state_url.reveal().startswith("redis://valkey:6379")
    # Prometheus asks by this name.
    assert settings.allowed_hosts == ("coinmux:7860",)


def test_compose_builds_our_dockerfile_with_a_root_that_cannot_be_written(services):
    ours = services["coinmux"]
    folder = (COMPOSE.parent / ours["build"]["context"]).resolve()
    assert folder == ROOT
    assert (folder / ours["build"]["dockerfile"]).is_file()
    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert ours["volumes"] == ["coinmux:" + stages()[-1].last("VOLUME")]
    command, *arguments = ours["command"]
    assert cli.get_command(None, command).make_context(command, arguments)
    assert float(ours["stop_grace_period"].removesuffix("s")) > GRACE_S + 5


def test_services_of_compose_are_published_to_this_machine_alone(services):
    """What is reached from elsewhere is opened on purpose; images have a version."""
    for name, service in services.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        if "image" in service:
            assert re.search(r":v?\d+", service["image"]), name


def test_what_compose_waits_for_and_stores_is_declared(services):
    declared = yaml.safe_load(COMPOSE.read_text())["volumes"]
    for name, service in services.items():
        for other, how in (service.get("depends_on") or {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in services[other]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            is_ours = source.startswith("./") and (COMPOSE.parent / source).exists()
            assert source in declared or is_ours, (name, volume)


def test_prometheus_and_grafana_find_each_other_and_us(services):
    """What their files name is a service of compose, and a file they are given."""
    folder = COMPOSE.parent
    scraped = yaml.safe_load((folder / "prometheus/prometheus.yml").read_text())
    (job,) = scraped["scrape_configs"]
    assert job["static_configs"][0]["targets"] == ["coinmux:7860"]
    given = dict(one.split(":")[:2] for one in services["prometheus"]["volumes"])
    assert given["./prometheus/rules"] == "/etc/prometheus/rules"
    assert all(one.startswith("rules/") for one in scraped["rule_files"])
    assert (
        f"--config.file={given['./prometheus/prometheus.yml']}"
        in (services["prometheus"]["command"])
    )
    provisioning = folder / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/coinmux.yaml").read_text())[
        "datasources"
    ]
    assert source["url"].startswith("http://prometheus:")
    (provider,) = yaml.safe_load((provisioning / "dashboards/coinmux.yaml").read_text())[
        "providers"
    ]
    mounted = dict(one.split(":")[:2] for one in services["grafana"]["volumes"])
    assert provider["options"]["path"].startswith(mounted["./grafana/provisioning"])


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: one["kind"])
@pytest.mark.parametrize("version", ["1.28", "1.34"])
def test_kubernetes_takes_each_manifest(manifest, version):
    """By the schemas of the API server; a field it does not know is an error."""
    kubernetes_validate.validate(manifest, version, strict=True)


def test_pods_are_asked_what_we_answer_and_run_as_the_images_user():
    (deployment,) = [one for one in MANIFESTS if one["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    last = stages()[-1]
    uid, gid = map(int, last.last("USER").split(":"))
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (uid, gid)
    assert container["ports"][0]["containerPort"] == int(last.last("EXPOSE"))
    probes = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in (
        "startup", "liveness", "readiness",
    )}  # fmt: skip
    assert probes == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert {one["name"] for one in container["env"]} <= set(SETTINGS)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert last.last("VOLUME") in {one["mountPath"] for one in container["volumeMounts"]}
    # Its callers are sent elsewhere first, then it ends what is in flight.
    paused = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > paused + GRACE_S + 5


def test_the_service_and_the_budget_find_the_pods():
    by_kind = {one["kind"]: one for one in MANIFESTS}
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert by_kind["Service"]["spec"]["selector"].items() <= labels.items()
    wanted = by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= labels.items()
    assert by_kind["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
