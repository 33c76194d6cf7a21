"""A job that fails is counted, and shown as failing until it succeeds."""

from chassis.configuration.settings import Settings
from chassis.service import Service
from chassis.telemetry import JOB_FAILING, JOB_FAILURES


async def test_a_job_that_fails_is_shown_until_it_succeeds() -> None:
    service = Service("booking", Settings())
    answers = iter((ValueError("broken"), None))

    async def job() -> None:
        answer = next(answers)
        if answer is not None:
            raise answer

    service.every("a job of the test", job, seconds=60)
    [scheduled] = service._scheduler.get_jobs()
    seen = []
    for _ in range(2):
        await scheduled.func()
        failing = JOB_FAILING.labels("a job of the test")._value.get()
        seen.append((failing, JOB_FAILURES.labels("a job of the test")._value.get()))
    assert seen == [(1, 1), (0, 1)]
