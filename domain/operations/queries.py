"""All SQL of the history's own bookkeeping: dead letters, and how far the archive has come."""

LETTERS = """
SELECT d.topic, d.partition, d.offset, d.logged_at, d.reason, d.request_id, d.record,
       if(r.topic = '', NULL, r.requeued_at) AS requeued_at
FROM (SELECT * FROM dead_letters FINAL) AS d
LEFT JOIN (SELECT * FROM requeued_letters FINAL) AS r USING (topic, partition, offset, logged_at)
WHERE ({topic:String} = '' OR d.topic = {topic:String})
  AND ({partition:Int64} < 0 OR d.partition = {partition:Int64})
  AND ({offset:Int64} < 0 OR d.offset = {offset:Int64})
  AND (NOT {waiting:Bool} OR r.topic = '')
ORDER BY d.logged_at DESC, d.topic, d.partition, d.offset
LIMIT {limit:UInt32} OFFSET {skip:UInt32}
"""
MARKS = ("topic", "partition", "offset", "logged_at", "requeued_at")

ARCHIVED = "SELECT concat(topic, ':', toString(partition)) AS place, next_offset FROM archive_offsets FINAL"
"""The next offset of each partition that the archive reads."""
