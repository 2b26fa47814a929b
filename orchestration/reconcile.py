"""Compare the books of all engines now: `python -m orchestration.reconcile`; exit code 1 when something differs."""

import sys

import dagster as dg

from livestreamx.settings import Settings
from orchestration.definitions import define

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run(settings: Settings) -> tuple[bool, str]:
    """Whether everything agrees, and the report."""
    job = define(settings).resolve_job_def("reconcile")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
    checks = result.get_asset_check_evaluations()
    if not checks:
        failed = [event for event in result.all_events if event.is_step_failure]
        return False, failed[0].message or "" if failed else "the run failed before anything was compared"
    return checks[0].passed, checks[0].description or ""


def main() -> None:
    settings = Settings.from_env().require("postgres_url", "clickhouse_url", "redis_url")
    agrees, report = run(settings)
    sys.stdout.write(f"{report}\n")
    sys.exit(0 if agrees else 1)


if __name__ == "__main__":
    main()
