-- 400 k rows with about 1.3 kB of text and jsonb each.
CREATE TABLE wide (
  id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  author text NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  summary text,
  payload jsonb NOT NULL
);

INSERT INTO wide
SELECT i, timestamptz '2023-01-01 00:00:00+00' + i * interval '37.031 s',
       'user' || (a % 20000), initcap(left(t.title, 40)), t.body,
       CASE WHEN a & 3 <> 0 THEN t.summary END,
       jsonb_build_object('id', md5(a::text), 'ip', concat_ws('.', 10, a & 255, (a >> 8) & 255, (a >> 16) & 255),
                          'score', round((a >> 24) % 100000 / 1000.0, 3), 'active', (a >> 41) & 1 = 1,
                          'tags', jsonb_build_array(w.word, 'tag' || (a >> 43) % 300),
                          'address', jsonb_build_object('street', left(t.street, 24), 'zip', ((a >> 30) % 90000 + 10000)::text,
                                                        'city', w.word),
                          'note', t.note)
FROM generate_series(1::bigint, :rows) AS i,
     LATERAL (SELECT hashint8extended(i, 5) & 9223372036854775807 AS a) AS h,
     bench_word AS w,
     LATERAL (SELECT string_agg(s.body, ' ' ORDER BY k) FILTER (WHERE k < 15) AS body,
                     min(s.body) FILTER (WHERE k = 15) AS title, min(s.body) FILTER (WHERE k = 16) AS summary,
                     min(s.body) FILTER (WHERE k = 17) AS street, min(s.body) FILTER (WHERE k = 18) AS note
              FROM generate_series(1, 18) AS k
                   JOIN bench_sentence AS s ON s.id = ((hashint8extended(i * 32 + k, 6) & 2147483647) % 400000)::int) AS t
WHERE w.id = (h.a >> 46) & 32767;
