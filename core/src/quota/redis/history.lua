-- KEYS: the days in which something was spent. ARGV: what the keys of those days begin with (they have the same hash tag),
-- and the first day.
local time = redis.call('TIME')
local rows = {}
for _, day in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf')) do
    rows[#rows + 1] = { day, redis.call('HGETALL', ARGV[1] .. day) }
end
return { time[1], time[2], rows }
