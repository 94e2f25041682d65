-- KEYS: the pause of the owner. ARGV: until when, in Unix milliseconds.
local time = redis.call('TIME')
local until_then = tonumber(ARGV[1])
local present = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if until_then > present then
    -- Much longer than it lasts, as it may be a moment of another clock than the server's.
    local lasts = math.max(until_then / 1000 - tonumber(time[1]), 0)
    redis.call('SET', KEYS[1], ARGV[1], 'EX', string.format('%.0f', math.ceil(lasts) + 2 * 86400))
end
return { time[1], time[2], 0 }
