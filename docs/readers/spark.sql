-- Made by `python -m tests.test_docs` from backupkit/export_schema.py; do not edit.
-- Tables over the folder; dropping one drops no file. Leave out what you do not export.
SET export = abfss://<container>@<account>.dfs.core.windows.net;
SET spark.sql.session.timeZone = UTC;

CREATE TABLE IF NOT EXISTS backup_jobs (
    id STRING, key STRING, tenant STRING, subscription STRING, subscription_name STRING,
    resource_group STRING, vault STRING, vault_name STRING, vault_type STRING, location STRING,
    workload STRING, item STRING, item_name STRING, source STRING, policy STRING, policy_name STRING,
    name STRING, operation STRING, backup BOOLEAN, backup_type STRING, status STRING, outcome STRING,
    started TIMESTAMP, ended TIMESTAMP, duration_s BIGINT, on_demand BOOLEAN, transferred_bytes BIGINT,
    activity STRING, error_code STRING, error_class STRING, error_text STRING, remedy STRING,
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${export}/jobs';
MSCK REPAIR TABLE backup_jobs;

CREATE TABLE IF NOT EXISTS backup_items (
    id STRING, key STRING, tenant STRING, subscription STRING, subscription_name STRING,
    resource_group STRING, vault STRING, vault_name STRING, vault_type STRING, location STRING,
    workload STRING, source STRING, policy STRING, policy_name STRING, name STRING, state STRING,
    protection_state STRING, protected BOOLEAN, last_backup TIMESTAMP, last_backup_status STRING,
    last_recovery_point TIMESTAMP, oldest_recovery_point TIMESTAMP, recovery_points BIGINT, rpo_s BIGINT,
    rpo_age_s BIGINT, past_rpo_s BIGINT, read TIMESTAMP, error_code STRING, error_class STRING,
    error_text STRING, remedy STRING,
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${export}/items';
MSCK REPAIR TABLE backup_items;

CREATE TABLE IF NOT EXISTS backup_policies (
    id STRING, key STRING, tenant STRING, subscription STRING, subscription_name STRING,
    resource_group STRING, vault STRING, vault_name STRING, vault_type STRING, location STRING, name STRING,
    workload STRING, rpo_s BIGINT, schedule STRING, time_zone STRING, keep_days BIGINT, items BIGINT,
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${export}/policies';
MSCK REPAIR TABLE backup_policies;

CREATE TABLE IF NOT EXISTS backup_vaults (
    id STRING, key STRING, tenant STRING, subscription STRING, subscription_name STRING,
    resource_group STRING, vault STRING, vault_name STRING, vault_type STRING, location STRING,
    redundancy STRING, cross_region_restore STRING, soft_delete STRING, soft_delete_days BIGINT,
    immutability STRING, public_network STRING, job_failure_alerts STRING, tags STRING,
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${export}/vaults';
MSCK REPAIR TABLE backup_vaults;

CREATE TABLE IF NOT EXISTS backup_alerts (
    id STRING, key STRING, tenant STRING, subscription STRING, subscription_name STRING,
    resource_group STRING, vault STRING, vault_name STRING, vault_type STRING, location STRING,
    workload STRING, item STRING, item_name STRING, source STRING, policy STRING, policy_name STRING,
    rule STRING, severity STRING, condition STRING, state STRING, fired TIMESTAMP, changed TIMESTAMP,
    resolved TIMESTAMP, job STRING, error_code STRING, error_class STRING, error_text STRING, remedy STRING,
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${export}/alerts';
MSCK REPAIR TABLE backup_alerts;

CREATE TABLE IF NOT EXISTS backup_coverage (
    id STRING, key STRING, tenant STRING, subscription STRING, subscription_name STRING,
    resource_group STRING, vault STRING, vault_name STRING, vault_type STRING, location STRING, source STRING,
    name STRING, kind STRING, verdict STRING, state STRING, action STRING, reason STRING, rule STRING,
    policy_name STRING, confirmed BOOLEAN,
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${export}/coverage';
MSCK REPAIR TABLE backup_coverage;
