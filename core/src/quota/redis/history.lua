-- KEYS: what was spent in a day. ARGV: where the last page ended, and entries a page, roughly: no page holds the server for
-- long. Whether the day is there, where this page ends, and its entries.
local time = redis.call('TIME')
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
return { time[1], time[2], { redis.call('EXISTS', KEYS[1]), page[1], page[2] } }
