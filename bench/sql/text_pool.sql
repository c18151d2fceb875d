-- A pool of invented sentences. Narrow and wide take their prose from it; its entropy per letter decides how well they compress.
CREATE TABLE bench_word AS
SELECT i AS id,
       substr(string_agg(consonant || vowel, '' ORDER BY k), 1, 2 + (hashint8extended(i, 90) & 7)::int) AS word
FROM generate_series(0, 32767) AS i,
     generate_series(1, 5) AS k,
     LATERAL (SELECT hashint8extended(i * 8 + k, 91) & 2147483647 AS h) AS hash,
     LATERAL (SELECT substr('bcdfghjklmnpqrstvwxzbcdfglmnprstnrstnrst', 1 + (h % 40)::int, 1) AS consonant,
                     substr('aeiouyaeioaeoae', 1 + ((h >> 8) % 15)::int, 1) AS vowel) AS letters
GROUP BY i;
ALTER TABLE bench_word ADD PRIMARY KEY (id);
ANALYZE bench_word;

CREATE TABLE bench_sentence AS
SELECT i AS id, initcap(min(w.word) FILTER (WHERE k = 1)) || ' ' || string_agg(w.word, ' ' ORDER BY k) FILTER (WHERE k > 1)
                || '.' AS body
FROM generate_series(0, 399999) AS i,
     generate_series(1, 10) AS k,
     LATERAL (SELECT hashint8extended(i * 16 + k, 92) & 32767 AS draw) AS d
     JOIN bench_word AS w ON w.id = d.draw
GROUP BY i;
ALTER TABLE bench_sentence ADD PRIMARY KEY (id);
ANALYZE bench_sentence;
