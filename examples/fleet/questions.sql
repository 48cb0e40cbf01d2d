-- Questions to what `dmar scan` printed, for DuckDB: duckdb < examples/fleet/questions.sql
-- The types are declared: page frames and sizes are integers that a guess from the first lines may get too small.
CREATE OR REPLACE VIEW scanned AS
SELECT * FROM read_json('tables.ndjson', format = 'newline_delimited', columns = {
  path: 'VARCHAR',
  source: 'STRUCT(path VARCHAR, sha256 VARCHAR, length UBIGINT)',
  model: 'STRUCT(xen VARCHAR)',
  boot: 'STRUCT(rc INTEGER, errno VARCHAR, vtd VARCHAR)',
  entries: 'STRUCT(start_pfn UBIGINT, nr_pages UBIGINT, devices VARCHAR[])[]',
  host: 'STRUCT(vendor VARCHAR, product VARCHAR, firmware VARCHAR, linux VARCHAR, xen VARCHAR)',
  machine: 'STRUCT(oemId VARCHAR, oemTableId VARCHAR)',
  findings: 'STRUCT(rule VARCHAR, severity VARCHAR, message VARCHAR)[]',
  error: 'STRUCT(code VARCHAR, message VARCHAR)'
});

-- How many hosts have which table, and whether Xen refuses it.
SELECT source.sha256[:12] AS digest, any_value(trim(machine.oemId)) AS oem, boot.vtd AS vtd, count(*) AS hosts
FROM scanned WHERE error IS NULL GROUP BY ALL ORDER BY hosts DESC, digest;

-- Which rules find something, on how many tables.
SELECT finding.rule, finding.severity, count(DISTINCT source.sha256) AS tables
FROM scanned, unnest(findings) AS t(finding) GROUP BY ALL ORDER BY tables DESC, finding.rule;

-- Pages that guests lose, by table.
SELECT source.sha256[:12] AS digest, sum(entry.nr_pages) AS pages
FROM scanned, unnest(entries) AS t(entry) GROUP BY ALL ORDER BY pages DESC, digest;

-- Which models there are, with which firmware.
SELECT host.vendor, host.product, host.firmware, count(*) AS hosts
FROM scanned WHERE host IS NOT NULL GROUP BY ALL ORDER BY hosts DESC, host.product;

-- What could not be read, and why.
SELECT error.code, count(*) AS paths FROM scanned WHERE error IS NOT NULL GROUP BY ALL ORDER BY paths DESC;
