-- Made by `python -m tests.test_docs` from backupkit/export_schema.py; do not edit.
-- A view an entity. One without any file is refused: leave out what you do not export.

CREATE OR REPLACE VIEW jobs AS
FROM read_json(
    getvariable('export') || '/jobs/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {'date': 'DATE'},
    columns = {
        id: 'VARCHAR', key: 'VARCHAR', tenant: 'VARCHAR', subscription: 'VARCHAR', subscription_name: 'VARCHAR',
        resource_group: 'VARCHAR', vault: 'VARCHAR', vault_name: 'VARCHAR', vault_type: 'VARCHAR',
        location: 'VARCHAR', workload: 'VARCHAR', item: 'VARCHAR', item_name: 'VARCHAR', source: 'VARCHAR',
        policy: 'VARCHAR', policy_name: 'VARCHAR', name: 'VARCHAR', operation: 'VARCHAR', backup: 'BOOLEAN',
        backup_type: 'VARCHAR', status: 'VARCHAR', outcome: 'VARCHAR', started: 'TIMESTAMP', ended: 'TIMESTAMP',
        duration_s: 'BIGINT', on_demand: 'BOOLEAN', transferred_bytes: 'BIGINT', activity: 'VARCHAR',
        error_code: 'VARCHAR', error_class: 'VARCHAR', error_text: 'VARCHAR', remedy: 'VARCHAR'
    }
);

CREATE OR REPLACE VIEW items AS
FROM read_json(
    getvariable('export') || '/items/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {'date': 'DATE'},
    columns = {
        id: 'VARCHAR', key: 'VARCHAR', tenant: 'VARCHAR', subscription: 'VARCHAR', subscription_name: 'VARCHAR',
        resource_group: 'VARCHAR', vault: 'VARCHAR', vault_name: 'VARCHAR', vault_type: 'VARCHAR',
        location: 'VARCHAR', workload: 'VARCHAR', source: 'VARCHAR', policy: 'VARCHAR', policy_name: 'VARCHAR',
        name: 'VARCHAR', state: 'VARCHAR', protection_state: 'VARCHAR', protected: 'BOOLEAN',
        last_backup: 'TIMESTAMP', last_backup_status: 'VARCHAR', last_recovery_point: 'TIMESTAMP',
        oldest_recovery_point: 'TIMESTAMP', recovery_points: 'BIGINT', rpo_s: 'BIGINT', rpo_age_s: 'BIGINT',
        past_rpo_s: 'BIGINT', read: 'TIMESTAMP', error_code: 'VARCHAR', error_class: 'VARCHAR',
        error_text: 'VARCHAR', remedy: 'VARCHAR'
    }
);

CREATE OR REPLACE VIEW policies AS
FROM read_json(
    getvariable('export') || '/policies/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {'date': 'DATE'},
    columns = {
        id: 'VARCHAR', key: 'VARCHAR', tenant: 'VARCHAR', subscription: 'VARCHAR', subscription_name: 'VARCHAR',
        resource_group: 'VARCHAR', vault: 'VARCHAR', vault_name: 'VARCHAR', vault_type: 'VARCHAR',
        location: 'VARCHAR', name: 'VARCHAR', workload: 'VARCHAR', rpo_s: 'BIGINT', schedule: 'VARCHAR',
        time_zone: 'VARCHAR', keep_days: 'BIGINT', items: 'BIGINT'
    }
);

CREATE OR REPLACE VIEW vaults AS
FROM read_json(
    getvariable('export') || '/vaults/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {'date': 'DATE'},
    columns = {
        id: 'VARCHAR', key: 'VARCHAR', tenant: 'VARCHAR', subscription: 'VARCHAR', subscription_name: 'VARCHAR',
        resource_group: 'VARCHAR', vault: 'VARCHAR', vault_name: 'VARCHAR', vault_type: 'VARCHAR',
        location: 'VARCHAR', redundancy: 'VARCHAR', cross_region_restore: 'VARCHAR', soft_delete: 'VARCHAR',
        soft_delete_days: 'BIGINT', immutability: 'VARCHAR', public_network: 'VARCHAR',
        job_failure_alerts: 'VARCHAR', tags: 'VARCHAR'
    }
);

CREATE OR REPLACE VIEW alerts AS
FROM read_json(
    getvariable('export') || '/alerts/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {'date': 'DATE'},
    columns = {
        id: 'VARCHAR', key: 'VARCHAR', tenant: 'VARCHAR', subscription: 'VARCHAR', subscription_name: 'VARCHAR',
        resource_group: 'VARCHAR', vault: 'VARCHAR', vault_name: 'VARCHAR', vault_type: 'VARCHAR',
        location: 'VARCHAR', workload: 'VARCHAR', item: 'VARCHAR', item_name: 'VARCHAR', source: 'VARCHAR',
        policy: 'VARCHAR', policy_name: 'VARCHAR', rule: 'VARCHAR', severity: 'VARCHAR', condition: 'VARCHAR',
        state: 'VARCHAR', fired: 'TIMESTAMP', changed: 'TIMESTAMP', resolved: 'TIMESTAMP', job: 'VARCHAR',
        error_code: 'VARCHAR', error_class: 'VARCHAR', error_text: 'VARCHAR', remedy: 'VARCHAR'
    }
);

CREATE OR REPLACE VIEW coverage AS
FROM read_json(
    getvariable('export') || '/coverage/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {'date': 'DATE'},
    columns = {
        id: 'VARCHAR', key: 'VARCHAR', tenant: 'VARCHAR', subscription: 'VARCHAR', subscription_name: 'VARCHAR',
        resource_group: 'VARCHAR', vault: 'VARCHAR', vault_name: 'VARCHAR', vault_type: 'VARCHAR',
        location: 'VARCHAR', source: 'VARCHAR', name: 'VARCHAR', kind: 'VARCHAR', verdict: 'VARCHAR',
        state: 'VARCHAR', action: 'VARCHAR', reason: 'VARCHAR', rule: 'VARCHAR', policy_name: 'VARCHAR',
        confirmed: 'BOOLEAN'
    }
);
