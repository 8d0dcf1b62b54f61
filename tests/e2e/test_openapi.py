"""The OpenAPI document against the running server: nothing but the documented answers."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

#: The only answers from 500 up that the contract knows besides 500, which is never seen.
DOCUMENTED = {502, 503, 504}
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


def check(case, url):
    response = case.call(base_url=url)
    checks = [response_schema_conformance, status_code_conformance, content_type_conformance]
    if response.status_code not in DOCUMENTED:
        checks.append(not_a_server_error)
    case.validate_response(response, checks=checks)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
def test_every_answer_is_as_documented(simulated_server, mode):
    """Right and wrong requests alike: no 5xx but the documented, each answer fits its schema."""
    url = simulated_server.url
    schema = schemathesis.openapi.from_url(f"{url}/schema/openapi.json")
    checked = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/stream"):
            continue  # an answer that does not end; tests/server has tests of its own
        checked.append(operation.label)

        @seed(20_261_123)
        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case):
            check(case, url)

        try:
            run()
        except Unsatisfiable:
            assert mode is schemathesis.GenerationMode.NEGATIVE  # no parameter to get wrong
        except Exception as error:
            error.add_note(f"in {operation.label}")
            raise
    assert len(checked) > 30
