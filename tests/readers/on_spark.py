"""Runs in Spark's own Python: `on_spark.py EXPORT`; texts of blocks in as JSON, their answers out."""

import json
import sys

from pyspark.sql import SparkSession

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
}


def session():
    builder = SparkSession.builder.master("local[1]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def statements(text):
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [one.strip() for one in "\n".join(lines).split(";") if one.strip()]


def main(export, asked):
    spark = session()
    for one in statements(asked["file"]):
        spark.sql(f"SET export = {export}" if one.startswith("SET export") else one)
    tables = [row.tableName for row in spark.sql("SHOW TABLES").collect()]
    names = {"spark": spark, "export": export}
    exec(asked["python"], names)  # noqa: S102
    *before, query = statements(asked["sql"])
    for one in before:
        spark.sql(one)
    told = {
        "columns": {one: dict(spark.table(one).dtypes) for one in tables},
        "rows": {one: [json.loads(row) for row in spark.table(one).toJSON().collect()] for one in tables},
        "sql": [json.loads(row) for row in spark.sql(query).toJSON().collect()],
        "python": [json.loads(row) for row in names["late"].toJSON().collect()],
        "count": names["jobs"].count(),
    }
    sys.stdout.write(json.dumps(told))


main(sys.argv[1], json.load(sys.stdin))
