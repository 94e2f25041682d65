-- What the scripts of a frame share; it stands before each of them.
--
-- KEYS: the counts of the day, the hour and the minute; what was spent in the day; the days in which something was; the
-- leases and the notes of the day; the pause of the owner; the count of the hour before; what was spent in the day without
-- the processes. One hash tag is in all of them.
-- ARGV: "1" where the server's clock decides whose turn it is; begin and end of the day, the hour and the minute; from
-- the eighth on what the script itself is given.
-- An answer begins with the server's time.

local SPENT, DAYS, LEASES, NOTES, PAUSE, BEFORE = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local SUMS = KEYS[10]

-- No count gets higher: up to here numbers are exact.
local MOST = 9007199254740992

-- Seconds from a change on. Not from the end of the window, which may be one of another clock than the server's.
local HISTORY = 92 * 86400
local EXPIRY = { HISTORY, 4 * 3600, 4 * 3600 }

-- Processes are kept apart in the days that began so long ago at most. Where nothing is counted any more they go by
-- themselves.
local APART = 7 * 86400
local PROCESSES = 10 * 86400

-- Days of the index. More than there are in the history, as plans may let them begin at different times.
local INDEXED = 400

local time = redis.call('TIME')

local function answer(value)
    return { time[1], time[2], value }
end

local function text(number)
    return string.format('%.0f', number)
end

local function number(value, key)
    if not value then
        return 0
    end
    return tonumber(value) or error('WRONGTYPE ' .. key .. ' holds no number')
end

-- Whether the server's clock stands outside of any of the windows.
local function moved()
    if ARGV[1] ~= '1' then
        return false
    end
    local now = tonumber(time[1])
    for window = 1, 3 do
        if now < tonumber(ARGV[2 * window]) or now >= tonumber(ARGV[2 * window + 1]) then
            return true
        end
    end
    return false
end

local function count(key)
    return number(redis.call('GET', key), key)
end

local function counts()
    return { count(KEYS[1]), count(KEYS[2]), count(KEYS[3]) }
end

local function set_count(window, units)
    redis.call('SET', KEYS[window], text(math.min(units, MOST)), 'EX', EXPIRY[window])
end

-- Units that are left in the tightest window; or nothing, and the window that does not have so many left. The limits are
-- the first three values after the windows, empty where there is none.
local function left(standing, units)
    local tightest = math.huge
    for window = 1, 3 do
        local limit = tonumber(ARGV[7 + window])
        if limit then
            local here = math.max(limit - standing[window], 0)
            if here < units then
                return nil, window - 1
            end
            tightest = math.min(tightest, here)
        end
    end
    return tightest
end

-- Drops the processes of the days that are long over; what was spent in them is kept without.
local function fold()
    local prefix = string.sub(SPENT, 1, #SPENT - #ARGV[2])
    local before = '(' .. text(tonumber(ARGV[2]) - APART)
    for _, day in ipairs(redis.call('ZRANGEBYSCORE', DAYS, '-inf', before)) do
        redis.call('UNLINK', prefix .. day)
    end
end

-- Takes units in all windows. Answers with them and how the windows stand then.
local function take(standing, units)
    if standing[2] == 0 then
        fold()
    end
    for window = 1, 3 do
        standing[window] = math.min(standing[window] + units, MOST)
        set_count(window, standing[window])
    end
    return { units, standing[1], standing[2], standing[3] }
end

local function give(units)
    local standing = counts()
    for window = 1, 3 do
        if standing[window] > 0 then
            set_count(window, math.max(standing[window] - units, 0))
        end
    end
end

local function expire(key)
    if redis.call('TTL', key) < 0 then
        redis.call('EXPIRE', key, HISTORY)
    end
end

local function add(hash, field, units)
    local now = math.min(number(redis.call('HGET', hash, field), hash) + units, MOST)
    if now > 0 then
        redis.call('HSET', hash, field, text(now))
    else
        redis.call('HDEL', hash, field)
    end
end

-- Adds to what an entry has spent in the day, or takes from it. `sum` is the entry without its process.
local function spend(entry, sum, units)
    add(SPENT, entry, units)
    add(SUMS, sum, units)
    if redis.call('TTL', SPENT) == -1 then
        redis.call('EXPIRE', SPENT, PROCESSES)
    end
    if redis.call('TTL', SUMS) == -1 then
        redis.call('EXPIRE', SUMS, HISTORY)
        redis.call('ZADD', DAYS, ARGV[2], ARGV[2])
        redis.call('ZREMRANGEBYRANK', DAYS, 0, -INDEXED - 1)
        redis.call('EXPIRE', DAYS, HISTORY)
    end
end

