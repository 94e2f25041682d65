-- KEYS: the days in which something was spent. ARGV: the first day.
local time = redis.call('TIME')
return { time[1], time[2], redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf') }
