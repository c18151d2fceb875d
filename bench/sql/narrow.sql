-- 3 M rows, 17 columns, shaped and filled like a line item of TPC-H; every value is a hash of the row's number.
CREATE TABLE narrow (
  l_orderkey bigint NOT NULL,
  l_partkey integer NOT NULL,
  l_suppkey integer NOT NULL,
  l_linenumber integer NOT NULL,
  l_quantity numeric(15,2) NOT NULL,
  l_extendedprice numeric(15,2) NOT NULL,
  l_discount numeric(15,2) NOT NULL,
  l_tax numeric(15,2) NOT NULL,
  l_returnflag char(1) NOT NULL,
  l_linestatus char(1) NOT NULL,
  l_shipdate date NOT NULL,
  l_commitdate date NOT NULL,
  l_receiptdate date NOT NULL,
  l_shipinstruct char(25) NOT NULL,
  l_shipmode char(10) NOT NULL,
  l_comment varchar(44) NOT NULL,
  l_updated_at timestamptz NOT NULL
);

INSERT INTO narrow
SELECT orderkey, partkey, 1 + (b >> 8) % 5000, linenumber, quantity, quantity * price, ((b >> 24) % 11) / 100.0,
       ((b >> 32) % 9) / 100.0,
       CASE WHEN receipt > date '1995-06-17' THEN 'N' WHEN b & 1 = 0 THEN 'R' ELSE 'A' END,
       CASE WHEN ship > date '1995-06-17' THEN 'O' ELSE 'F' END,
       ship, ordered + 30 + ((a >> 36) % 61)::int, receipt,
       (ARRAY['DELIVER IN PERSON','COLLECT COD','NONE','TAKE BACK RETURN'])[1 + ((b >> 40) & 3)],
       (ARRAY['REG AIR','AIR','RAIL','SHIP','TRUCK','MAIL','FOB'])[1 + (b >> 42) % 7],
       substr(s.body, 1 + ((a >> 46) & 7)::int, 10 + ((a >> 50) % 34)::int),
       timestamptz '2020-01-01 00:00:00+00' + (hashint8extended(i, 7) & 1099511627775) * interval '0.000128 s'
FROM generate_series(1::bigint, :rows) AS i,
     LATERAL (SELECT hashint8extended(i, 1) & 9223372036854775807 AS a, hashint8extended(i, 2) & 9223372036854775807 AS b,
                     ((i - 1) % 28)::int AS place) AS h,
     LATERAL (SELECT ((sqrt(8 * place + 1) - 1) / 2)::numeric::int AS guess) AS g,
     LATERAL (SELECT CASE WHEN guess * (guess + 1) / 2 > place THEN guess - 1 ELSE guess END AS nth) AS n,
     LATERAL (SELECT (i - 1) / 28 * 7 + nth + 1 AS orderkey, place - nth * (nth + 1) / 2 + 1 AS linenumber,
                     (1 + a % 100000)::int AS partkey, (1 + (a >> 20) % 50)::int AS quantity) AS o,
     LATERAL (SELECT (90000 + (partkey / 10) % 20001 + 100 * (partkey % 1000)) / 100.0 AS price,
                     date '1992-01-01' + ((hashint8extended(orderkey, 3) & 1048575) % 2406)::int AS ordered) AS p,
     LATERAL (SELECT ordered + 1 + ((a >> 28) % 121)::int AS ship) AS d,
     LATERAL (SELECT ship + 1 + ((b >> 48) % 30)::int AS receipt) AS r,
     bench_sentence AS s
WHERE s.id = ((hashint8extended(i, 4) & 2147483647) % 400000)::int;

CREATE INDEX ON narrow (l_orderkey);
